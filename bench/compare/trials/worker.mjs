/**
 * A worker thread of `workers.mjs`: prepares a task, waits until the process is idle, says so, waits at the
 * gate, does it, says so, closes the store and says so.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { Store } from 'crudjt'
import { isRecord, recordOf } from '../../record.mjs'
import { SECRET_KEY } from '../terms.mjs'
import { idle, ownProcessorTime } from './idle.mjs'

const READ_TOKENS = 20_000
const { folder, gate, counts } = workerData
const open = (name) => Store.open({ path: `${folder}-${name}`, secret_key: SECRET_KEY })

parentPort.on('message', async ({ task, round }) => {
  const { store, work } = await TASKS[task](counts[task], round)
  await idle(ownProcessorTime)
  const passed = Atomics.load(gate, 0)
  parentPort.postMessage('ready')
  Atomics.wait(gate, 0, passed)
  await work()
  parentPort.postMessage('done')
  await store.close()
  parentPort.postMessage('closed')
})

const TASKS = {
  async read(count) {
    const store = await open('read')
    const tokens = new Array(Math.min(READ_TOKENS, count))
    await create(store, tokens)
    await read(store, tokens, tokens.length)
    return { store, work: () => read(store, tokens, count) }
  },
  /** Within what a memtable holds: a store for each round. */
  async create(count, round) {
    const store = await open(`create-${round}`)
    const tokens = new Array(count)
    return { store, work: () => create(store, tokens) }
  },
  async sustained(count) {
    const store = await open('sustained')
    const tokens = new Array(count)
    return { store, work: () => create(store, tokens) }
  },
}

async function create(store, tokens) {
  for (let i = 0; i < tokens.length; i++) tokens[i] = await store.create(recordOf(i, 'member'))
}

async function read(store, tokens, count) {
  for (let i = 0; i < count; i++) {
    const k = i % tokens.length
    const { data } = await store.read(tokens[k])
    if (!isRecord(data, k, 'member')) throw new Error('a read gave other data')
  }
}
