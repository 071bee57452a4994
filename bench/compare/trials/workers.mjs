/**
 * The same calls in one worker thread or in several at once, on one store: all together make as many as the
 * one alone. What is measured is the time from the moment when all are ready until the last is done.
 */
import { Worker } from 'node:worker_threads'
import { finish, given } from './trial.mjs'

const { folder, threads, counts } = given
const WORKER = new URL('worker.mjs', import.meta.url)

const gate = new Int32Array(new SharedArrayBuffer(4))
const workers = Array.from({ length: threads }, () => {
  const share = Object.fromEntries(
    Object.entries(counts).map(([task, count]) => [task, Math.floor(count / threads)]),
  )
  return new Worker(WORKER, { workerData: { folder, gate, counts: share } })
})
/**
 * Creates within a memtable are few: those of several stores are timed, when all code is compiled. Each
 * thread compiles by itself, so that several of them, which share the calls, need as many more stores.
 */
const [COMPILING, TIMED] = [4 * threads, 9]

const result = { read: await rateOf('read', 0) }
const rates = []
for (let round = 0; round < COMPILING + TIMED; round++) rates.push(await rateOf('create', round))
result.create = rates.slice(COMPILING).sort((a, b) => a - b)[Math.floor(TIMED / 2)]
result.sustained = await rateOf('sustained', 0)
finish(result)

/** @returns {Promise<number>} calls a second, of all threads together */
async function rateOf(task, round) {
  const [ready, done, closed] = ['ready', 'done', 'closed'].map(allSay)
  for (const worker of workers) worker.postMessage({ task, round })
  await ready
  const begin = performance.now()
  Atomics.add(gate, 0, 1)
  Atomics.notify(gate, 0)
  await done
  const rate = (counts[task] * 1000) / (performance.now() - begin)
  // A store that is being closed would be in the way of the next one.
  await closed
  return rate
}

/** Resolves when all workers have said something. */
function allSay(word) {
  return Promise.all(workers.map((worker) => says(worker, word)))
}

function says(worker, word) {
  return new Promise((resolve) => {
    worker.on('message', function hear(said) {
      if (said !== word) return
      worker.off('message', hear)
      resolve()
    })
  })
}
