/**
 * Waiting until a process is idle, before something is timed: what came before has left work to be done in
 * the background (compiling, collecting garbage, writing back), which is not to be charged to what comes.
 */
import { setTimeout } from 'node:timers/promises'

const WATCHED_MS = 20
const IDLE_US = 2_000
const PATIENCE = 100

/** Processor time in microseconds of this process. */
export function ownProcessorTime() {
  const { user, system } = process.cpuUsage()
  return user + system
}

/**
 * Resolves when less than a tenth of a processor is taken; after two seconds anyhow.
 * @param {() => number} processorTime in microseconds
 */
export async function idle(processorTime) {
  for (let i = 0; i < PATIENCE; i++) {
    const before = processorTime()
    await setTimeout(WATCHED_MS)
    if (processorTime() - before < IDLE_US) return
  }
}
