// Runs every suite: the Rust workspace with cargo, then the TypeScript tests with ava. Prints what
// each counted and ends with the sum. Fails if a test failed, or if a suite ran nothing.

import { run, scriptOf } from './tools.mjs'

const suites = [
  {
    name: 'Rust',
    go: () => run('cargo', ['test', '--workspace', '--no-fail-fast']),
    count: cargoCount,
  },
  { name: 'TypeScript', go: () => run(process.execPath, [scriptOf('ava')]), count: avaCount },
]

const results = []
for (const suite of suites) results.push(await runSuite(suite))

console.log('')
for (const { name, passed, failed } of results) console.log(`${name}: ${line(passed, failed)}`)
const passed = results.reduce((sum, result) => sum + result.passed, 0)
const failed = results.reduce((sum, result) => sum + result.failed, 0)
console.log(line(passed, failed))
process.exitCode = failed === 0 ? 0 : 1

async function runSuite({ name, go, count }) {
  const { status, text } = await go()
  const { passed, failed } = count(text)
  const bad = status !== 0 || passed === 0
  return { name, passed, failed: bad ? Math.max(failed, 1) : failed }
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
