// Counts what held and what did not, and says each.

import { spawn } from 'node:child_process'

const counts = { passed: 0, failed: 0 }

/** Says that something held, or why it did not. */
export function say(what, problem) {
  const isFine = problem === undefined
  counts[isFine ? 'passed' : 'failed']++
  console.log(isFine ? `  ok      ${what}` : `  FAILED  ${what}: ${problem}`)
}

/** Carries something out and says how it went; gives what it came to, undefined if it failed. */
export async function attempt(what, body) {
  const from = performance.now()
  try {
    const result = await body()
    say(`${what} (${((performance.now() - from) / 1000).toFixed(1)} s)`)
    return result
  } catch (error) {
    say(what, error.message)
    return undefined
  }
}

/** Says the sum. Fails the process if anything failed. */
export function sum() {
  console.log(`\n${counts.passed} passed, ${counts.failed} failed`)
  process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1
}

/** Runs a program; gives what it wrote, or fails with its last lines. */
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
