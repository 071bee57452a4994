/** What the trials share: their arguments, timing, checking, and what the process has used. */
import { readFileSync, writeSync } from 'node:fs'
import { ownProcessorTime } from './idle.mjs'

/** What the trial was given: `{peer, folder, port, server, …}`. */
export const given = JSON.parse(process.argv[2])

/** Gives the trial's result to the bench and ends: some peers keep a process alive. */
export function finish(result) {
  writeSync(1, JSON.stringify(result))
  process.exit(0)
}

/** @returns {Promise<number>} microseconds a call, by the wall clock */
export async function timed(count, work) {
  const begin = performance.now()
  await work()
  return ((performance.now() - begin) * 1000) / count
}

export function expectAll(call, right, count) {
  if (right !== count) throw new Error(`${given.peer}, ${call}: ${right} of ${count} were right`)
}

export async function expectGone(store, token) {
  const found = await store.read(token)
  expectAll('delete', found === null || found === undefined ? 1 : 0, 1)
}

const TICK_US = 10_000 // of the processor times in /proc on Linux

/** Processor time in microseconds of this process and of its server. */
export function processorTime() {
  if (given.server === undefined) return ownProcessorTime()
  const fields = readFileSync(`/proc/${given.server}/stat`, 'utf8').split(') ')[1].split(' ')
  return ownProcessorTime() + (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** Resident bytes of this process and of its server. */
export const residentBytes = () =>
  process.memoryUsage().rss + ofServer('status', /VmRSS:\s+(\d+) kB/) * 1024

/** Bytes that this process and its server caused to be written to the device; only Linux tells. */
export const writtenBytes = () =>
  writtenBy('self') + (given.server === undefined ? 0 : writtenBy(given.server))

function writtenBy(process) {
  const found = /^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${process}/io`, 'utf8'))
  return Number(found[1])
}

function ofServer(file, pattern) {
  if (given.server === undefined) return 0
  return Number(pattern.exec(readFileSync(`/proc/${given.server}/${file}`, 'utf8'))[1])
}
