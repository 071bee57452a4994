// A program with 64 operations in flight that ends in the way it is told. node program.mjs ORDERS:
// a file with the kind of store, the way to end and the options. What it says is told in log.ts.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Config, CRUDJT, Store } from 'crudjt'
import { say, work } from '../lanes.mjs'

const LANES = 64
const SHARED_READS = 1_000_000_000
/** How often each lane goes on when the program is about to end. */
const TURNS = 5
const ROUNDS = 6

const { kind, how, options } = JSON.parse(readFileSync(process.argv[2]))
const signals = ['SIGTERM', 'SIGINT']

const KINDS = {
  async store() {
    const store = await Store.open(options)
    return { store, close: () => store.close() }
  },
  async client() {
    const store = await Store.connect(options)
    return { store, close: () => store.close() }
  },
  async master() {
    await Config.startMaster(options)
    return { store: CRUDJT, close: () => Config.shutdownServer() }
  },
}

let begun = 0
let last = Number.POSITIVE_INFINITY
const isOver = () => begun++ >= last
const endSoon = () => {
  last = begun + TURNS * LANES
}
/** At some moment when operations were answered, and others are under way. */
const later = (end) =>
  void setTimeout(() => (begun > TURNS * LANES ? end() : later(end)), Math.random() * 60)

/** Each way to end, begun when the program is at work. */
const ENDS = {
  end: () => later(endSoon),
  close: ({ close }) => later(close),
  exit: () => later(() => process.exit(3)),
  throw: () =>
    later(() => {
      throw new Error('on purpose')
    }),
  reject: () => later(() => void Promise.reject(new Error('on purpose'))),
  signal: () => {},
  'signal, exit': () => onSignals(() => process.exit(4)),
  'signal, close': ({ close }) => onSignals(close),
  // A handler that ends nothing: the program goes on, and ends for a reason of its own.
  'signal, nothing': ({ close }) =>
    onSignals(async (signal) => {
      say(`heard ${signal}`)
      endSoon()
      await working
      if (kind === 'master') await close()
    }),
}

function onSignals(handler) {
  for (const signal of signals) process.once(signal, handler)
}

/** Workers that end in the middle of calls, and a program that goes on. */
async function endWorkers(shared) {
  for (let round = 0; round < ROUNDS; round++) {
    const name = `${process.pid}.${round + 1}`
    const workerData = { kind, how, options, name, lanes: LANES / 4, shared }
    const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData, execArgv: [] })
    worker.on('error', (error) => {
      if (error.message !== 'on purpose') throw error
    })
    // `once` of node:events would reject when the worker throws.
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    await Promise.race([ended, new Promise((resolve) => worker.once('message', resolve))])
    if (how === 'worker, terminate') {
      await sleep(Math.random() * 40)
      await worker.terminate()
    }
    await ended
    say(`ended ${name}`)
    // Whoever has no handle beside the worker's finds the store released.
    if (round === 1) main = await KINDS[kind]()
  }
}

let main = how.startsWith('worker') && kind === 'store' ? undefined : await KINDS[kind]()
let working
if (how.startsWith('worker')) {
  await endWorkers(undefined)
  endSoon()
}
const shared = await main.store.create({ shared: true }, null, SHARED_READS)
say(`shared ${shared} ${SHARED_READS}`)
const { store } = main
working = work({ store, name: `${process.pid}.0`, lanes: LANES, shared, isOver })
ENDS[how]?.(main)
say('working')
