/** A worker thread of `workers.mjs`: prepares a task, says so, waits at the gate, does it, says so. */
import { parentPort, workerData } from 'node:worker_threads'
import { Store } from 'crudjt'
import { isRecord, recordOf } from '../../record.mjs'
import { SECRET_KEY } from '../terms.mjs'

const READ_TOKENS = 20_000
const WARM = 40_000

const { folder, gate, counts } = workerData
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
    const some = Math.min(READ_TOKENS, count)
    const tokens = await create(store, some)
    await read(store, tokens, some)
    return { store, work: () => read(store, tokens, count) }
  },
  /** Within what a memtable holds; the code was compiled on another store. */
  async create(count) {
    const other = await open('warm')
    await create(other, Math.min(WARM, count * 2))
    await other.close()
    const store = await open('create')
    return { store, work: () => create(store, count) }
  },
  async sustained(count) {
    const store = await open('sustained')
    return { store, work: () => create(store, count) }
  },
}

async function create(store, count) {
  const tokens = new Array(count)
  for (let i = 0; i < count; i++) tokens[i] = await store.create(recordOf(i, 'member'))
  return tokens
}

async function read(store, tokens, count) {
  for (let i = 0; i < count; i++) {
    const k = i % tokens.length
    const { data } = await store.read(tokens[k])
    if (!isRecord(data, k, 'member')) throw new Error('a read gave other data')
  }
}
