/**
 * The same calls in one worker thread or in several at once, on one store: all together make as many as the
 * one alone. What is measured is the time from the moment when all are ready until the last is done.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { finish, given } from './trial.mjs'

const { folder, threads, counts } = given
const WORKER = new URL('worker.mjs', import.meta.url)

const gate = new Int32Array(new SharedArrayBuffer(4))
const workers = Array.from({ length: threads }, () => {
  const share = Object.fromEntries(
    Object.entries(counts).map(([task, count]) => [task, Math.floor(count / threads)]),
  )
  return new Worker(WORKER, { workerData: { folder, gate, counts: share, threads } })
})
const result = {}
for (const task of ['read', 'create', 'sustained']) result[task] = await rateOf(task)
finish(result)

/** @returns {Promise<number>} calls a second, of all threads together */
async function rateOf(task) {
  for (const worker of workers) worker.postMessage(task)
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const begin = performance.now()
  Atomics.add(gate, 0, 1)
  Atomics.notify(gate, 0)
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  return (counts[task] * 1000) / (performance.now() - begin)
}
