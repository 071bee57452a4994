// One of the threads of owner.mjs: works on its own handle of the store until told to close it.
import { parentPort, workerData } from 'node:worker_threads'
import { Store } from 'crudjt'
import { work } from './lanes.mjs'
import { lying } from './lies.mjs'

const { options, lie, ...rest } = workerData
const store = await Store.open(options)
parentPort.once('message', async () => {
  await store.close()
  parentPort.postMessage('closed')
})
parentPort.postMessage('open')
await work({ store: lying(store, lie), ...rest })
