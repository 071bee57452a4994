// Runs every suite: the Rust workspace with cargo, then the TypeScript tests with ava. Prints the
// failures, the counts and the durations of each, and ends with the sum. Fails if a test failed or a
// suite ran nothing.

import { run, scriptOf } from './tools.mjs'

const suites = [
  {
    name: 'Rust',
    run: () => run('cargo', ['test', '--workspace', '--no-fail-fast']),
    count: cargoCount,
    durations: cargoDurations,
    failures: /^test .* FAILED$|^thread .* panicked at .*$|^error: .*$|^process didn't exit .*$/gm,
  },
  {
    name: 'TypeScript',
    run: () => run(process.execPath, [scriptOf('ava')]),
    count: avaCount,
    durations: avaDurations,
    failures: /^ +[✘✖×] .*$|^ +Uncaught exception in .*$|^ +Unhandled rejection in .*$/gm,
  },
]

const results = []
for (const suite of suites) results.push(await runSuite(suite))

console.log('')
for (const { name, took, parts } of results) console.log(`${name} took ${took} s: ${parts}`)
for (const { name, passed, failed, failures } of results) {
  for (const failure of failed > 0 ? failures : []) console.log(`${name}: ${failure.trim()}`)
  console.log(`${name}: ${line(passed, failed)}`)
}
const passed = results.reduce((sum, result) => sum + result.passed, 0)
const failed = results.reduce((sum, result) => sum + result.failed, 0)
console.log(line(passed, failed))
process.exitCode = failed === 0 ? 0 : 1

async function runSuite({ name, run, count, durations, failures }) {
  const begin = performance.now()
  const { status, text } = await run()
  const took = Math.round((performance.now() - begin) / 1000)
  const { passed, failed } = count(text)
  const hasFailed = status !== 0 || passed === 0
  const found = text.match(failures) ?? [`ended with status ${status}`]
  const parts = longestFirst(durations(text))
  return {
    name,
    passed,
    failed: hasFailed ? Math.max(failed, 1) : failed,
    failures: found,
    took,
    parts,
  }
}

/** Sums pairs of a name and seconds by name, the longest first. */
function longestFirst(durations) {
  const sums = new Map()
  for (const [name, seconds] of durations) sums.set(name, (sums.get(name) ?? 0) + seconds)
  const sorted = [...sums].sort(([, a], [, b]) => b - a)
  return sorted.map(([name, seconds]) => `${name} ${seconds.toFixed(1)}`).join(', ')
}

/** How long each of cargo's test binaries ran. */
function cargoDurations(text) {
  const parts = text.split(/^ +(?:Running .*[\\/(]|Doc-tests )(?=\w)/m).slice(1)
  return parts.map((part) => [
    /^\w+/.exec(part)[0],
    Number(/finished in ([\d.]+)s/.exec(part)?.[1] ?? 0),
  ])
}

/** How long the tests in each folder ran, which is longer than they took: ava runs files in parallel. */
function avaDurations(text) {
  const timed = text.matchAll(/^ +[✔√✘✖×] (.+?) › .* \((?:(\d+)m )?([\d.]+)(ms|s)\)$/gm)
  const seconds = (minutes, number, unit) =>
    60 * minutes + Number(number) / (unit === 's' ? 1 : 1000)
  return [...timed].map(([, name, minutes = 0, ...rest]) => [name, seconds(minutes, ...rest)])
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
