/** A worker thread of `workers.mjs`: prepares a task, says so, waits at the gate, does it, says so. */
import { parentPort, workerData } from 'node:worker_threads'
import { Store } from 'crudjt'
import { isRecord, recordOf } from '../../record.mjs'
import { SECRET_KEY } from '../terms.mjs'

const READ_TOKENS = 20_000
/** So many by all threads, so that those that are timed still fit into the same memtable. */
const WARM = 20_000
/** In so many calls of its loop, which is compiled like any other function then. */
const WARM_STEPS = 8

const { folder, gate, counts, threads } = workerData
const open = (name) => Store.open({ path: `${folder}-${name}`, secret_key: SECRET_KEY })

parentPort.on('message', async (task) => {
  const { store, work } = await TASKS[task](counts[task])
  const passed = Atomics.load(gate, 0)
  parentPort.postMessage('ready')
  Atomics.wait(gate, 0, passed)
  await work()
  parentPort.postMessage('done')
  await store.close()
})

const TASKS = {
  async read(count) {
    const store = await open('read')
    const tokens = new Array(Math.min(READ_TOKENS, count))
    await create(store, tokens, 0, tokens.length)
    await read(store, tokens, tokens.length)
    return { store, work: () => read(store, tokens, count) }
  },
  /** Within what a memtable holds; the code was compiled by the first creates. */
  async create(count) {
    const store = await open('create')
    const step = Math.min(Math.floor(WARM / threads / WARM_STEPS), count)
    const tokens = new Array(WARM_STEPS * step + count)
    let made = 0
    for (; made < WARM_STEPS * step; made += step) await create(store, tokens, made, made + step)
    return { store, work: () => create(store, tokens, made, made + count) }
  },
  async sustained(count) {
    const store = await open('sustained')
    const tokens = new Array(count)
    return { store, work: () => create(store, tokens, 0, count) }
  },
}

async function create(store, tokens, from, to) {
  for (let i = from; i < to; i++) tokens[i] = await store.create(recordOf(i, 'member'))
}

async function read(store, tokens, count) {
  for (let i = 0; i < count; i++) {
    const k = i % tokens.length
    const { data } = await store.read(tokens[k])
    if (!isRecord(data, k, 'member')) throw new Error('a read gave other data')
  }
}
