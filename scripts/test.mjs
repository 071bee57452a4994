// Runs every suite: the Rust workspace with cargo, then the TypeScript tests with ava. Prints the failures
// and the counts of each, and their sum. Fails if a test failed or a suite ran no test.

import { run, scriptOf } from './tools.mjs'

const suites = [
  {
    name: 'Rust',
    run: () => run('cargo', ['test', '--workspace', '--no-fail-fast']),
    count: cargoCount,
    failures: /^test .* FAILED$|^thread .* panicked at .*$|^error: .*$|^process didn't exit .*$/gm,
  },
  {
    name: 'TypeScript',
    run: () => run(process.execPath, [scriptOf('ava')]),
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

async function runSuite({ name, run, count, failures }) {
  const { status, text } = await run()
  const { passed, failed } = count(text)
  const hasFailed = status !== 0 || passed === 0
  const found = text.match(failures) ?? [`ended with status ${status}`]
  return { name, passed, failed: hasFailed ? Math.max(failed, 1) : failed, failures: found }
}

/** Sums the result lines of cargo's test binaries. */
function cargoCount(text) {
  const lines = [...text.matchAll(/^test result: .*? (\d+) passed; (\d+) failed/gm)]
  const sum = (index) => lines.reduce((total, found) => total + Number(found[index]), 0)
  return { passed: sum(1), failed: sum(2) }
}

/** Counts ava's check marks and its summary: a hook or a file that fails is a failure as well. */
function avaCount(text) {
  const summary =
    /^ +(\d+) (?:tests? failed|hooks? failed|uncaught exceptions?|unhandled rejections?)/gm
  const failures = [...text.matchAll(summary)].map((found) => Number(found[1]))
  return {
    passed: [...text.matchAll(/^ +[✔√] /gm)].length,
    failed: failures.reduce((sum, count) => sum + count, 0),
  }
}

function line(passed, failed) {
  return `${passed} passed, ${failed} failed`
}
