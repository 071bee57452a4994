// A program with 64 operations in flight that exits in a given way: node program.mjs ORDERS, a JSON file
// with the kind of store, the way to exit and the options. The protocol of its output is in kill/log.ts.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Config, CRUDJT, Store } from 'crudjt'
import { say, work } from '../lanes.mjs'

const LANES = 64
const SHARED_READS = 1_000_000_000
/** Operations per lane before a normal exit. */
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
/** At a random moment, with some operations acknowledged and others in flight. */
const later = (end) =>
  void setTimeout(() => (begun > TURNS * LANES ? end() : later(end)), Math.random() * 60)

/** Each way to exit, while operations are in flight. */
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
  // A handler that does not exit: the program continues and exits on its own.
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

/** Workers exit with calls in flight while the program continues. */
async function endWorkers(shared) {
  for (let round = 0; round < ROUNDS; round++) {
    const name = `${process.pid}.${round + 1}`
    const workerData = { kind, how, options, name, lanes: LANES / 4, shared }
    const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData, execArgv: [] })
    worker.on('error', (error) => {
      if (error.message !== 'on purpose') throw error
    })
    // `once` of node:events would reject if the worker throws.
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    await Promise.race([ended, new Promise((resolve) => worker.once('message', resolve))])
    if (how === 'worker, terminate') {
      await sleep(Math.random() * 40)
      await worker.terminate()
    }
    await ended
    say(`ended ${name}`)
    // Only the workers had the store open, so it is released by now.
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
