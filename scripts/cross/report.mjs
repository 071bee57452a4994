// Prints and counts the checks.

import { spawn } from 'node:child_process'

const counts = { passed: 0, failed: 0 }

/** Records a passed check, or a failed one with its problem. */
export function record(what, problem) {
  const hasPassed = problem === undefined
  counts[hasPassed ? 'passed' : 'failed']++
  console.log(hasPassed ? `  ok      ${what}` : `  FAILED  ${what}: ${problem}`)
}

/** Runs a check and records it; returns its result, or undefined if it failed. */
export async function attempt(what, body) {
  const from = performance.now()
  try {
    const result = await body()
    record(`${what} (${((performance.now() - from) / 1000).toFixed(1)} s)`)
    return result
  } catch (error) {
    record(what, error.message)
    return undefined
  }
}

/** Prints the totals. Fails the process if a check failed. */
export function summarize() {
  console.log(`\n${counts.passed} passed, ${counts.failed} failed`)
  process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1
}

/** Runs a program; resolves to its output, or rejects with the last lines of it. */
export function output(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const chunks = []
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data) => chunks.push(data))
    child.on('error', reject)
    child.on('close', (status, signal) => {
      const text = Buffer.concat(chunks).toString()
      const tail = text.trim().split('\n').slice(-12).join('\n    ')
      if (status === 0) resolve(text)
      else reject(new Error(`${program} ended with ${status ?? signal}:\n    ${tail}`))
    })
  })
}
