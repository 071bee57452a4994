// Runs every suite: the Rust workspace with cargo, then the TypeScript tests with ava. Prints what
// failed and what each counted and ends with the sum. Fails if a test failed, or if a suite ran nothing.

import { run, scriptOf } from './tools.mjs'

const suites = [
  {
    name: 'Rust',
    go: () => run('cargo', ['test', '--workspace', '--no-fail-fast']),
    count: cargoCount,
    failures: /^test .* FAILED$|^thread .* panicked at .*$|^error: .*$|^process didn't exit .*$/gm,
  },
  {
    name: 'TypeScript',
    go: () => run(process.execPath, [scriptOf('ava')]),
    count: avaCount,
    failures: /^ +[✘✖×] .*$|^ +Uncaught exception in .*$|^ +Unhandled rejection in .*$/gm,
  },
]

const results = []
for (const suite of suites) results.push(await runSuite(suite))

console.log('')
for (const { name, passed, failed, failures } of results) {
  for (const failure of failed > 0 ? failures : []) console.log(`${name}: ${failure.trim()}`)
  console.log(`${name}: ${line(passed, failed)}`)
}
const passed = results.reduce((sum, result) => sum + result.passed, 0)
const failed = results.reduce((sum, result) => sum + result.failed, 0)
console.log(line(passed, failed))
process.exitCode = failed === 0 ? 0 : 1

async function runSuite({ name, go, count, failures }) {
  const { status, text } = await go()
  const { passed, failed } = count(text)
  const bad = status !== 0 || passed === 0
  const found = text.match(failures) ?? [`ended with status ${status}`]
  return { name, passed, failed: bad ? Math.max(failed, 1) : failed, failures: found }
}

/** Sums the closing lines of cargo's test binaries. */
function cargoCount(text) {
  const lines = [...text.matchAll(/^test result: .*? (\d+) passed; (\d+) failed/gm)]
  const sum = (index) => lines.reduce((total, found) => total + Number(found[index]), 0)
  return { passed: sum(1), failed: sum(2) }
}

/** Counts ava's ticks and its closing lines: a hook or a file that fails is a failure as well. */
function avaCount(text) {
  const closing =
    /^ +(\d+) (?:tests? failed|hooks? failed|uncaught exceptions?|unhandled rejections?)/gm
  const failures = [...text.matchAll(closing)].map((found) => Number(found[1]))
  return {
    passed: [...text.matchAll(/^ +[✔√] /gm)].length,
    failed: failures.reduce((sum, count) => sum + count, 0),
  }
}

function line(passed, failed) {
  return `${passed} passed, ${failed} failed`
}
