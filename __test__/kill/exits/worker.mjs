// A worker thread with operations in flight that is terminated or exits in a given way.
import { parentPort, workerData } from 'node:worker_threads'
import { Store } from 'crudjt'
import { say, work } from '../lanes.mjs'

const SHARED_READS = 1_000_000_000
const { kind, how, options, name, lanes } = workerData
const store = kind === 'client' ? await Store.connect(options) : await Store.open(options)
const shared = await store.create({ shared: true }, null, SHARED_READS)
say(`shared ${shared} ${SHARED_READS}`)
void work({ store, name, lanes, shared })
parentPort.postMessage('working')

const ENDS = {
  'worker, exit': () => process.exit(),
  'worker, throw': () => {
    throw new Error('on purpose')
  },
}
setTimeout(() => ENDS[how]?.(), Math.random() * 40)
