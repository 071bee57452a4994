// Opens a store, reads every token that it is told of, then works on it until it is killed or told to
// close: by itself, with worker threads, or as a master for clients. node owner.mjs ORDERS: a file
// with the way, the store's options, the tokens to read and those to go on with.
//
// What it says beside the lines of log.ts: `opening`, `open NUMBER` (of the newest segment), `looked`,
// `working`; and `enter PHASE`, `leave PHASE COUNT` around what it forces to happen.
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Config, Store } from 'crudjt'
// The public API forces no checkpoint: for that there is a second handle, of the binding.
import native from '#native'
import { engineOptions } from '../../build/src/options/store-options.js'
import { answerOf, carryOut, say, update, work } from './lanes.mjs'
import { lying } from './lies.mjs'

const LANES = 64
const WORKERS = 3
const COUNTED_READS = 1_000_000_000
const LONGEST = 60_000
const NOT_STARTED = 'ERR_CRUDJT_NOT_STARTED'

const orders = JSON.parse(readFileSync(process.argv[2]))
const { way, options, tokens, adopted, address, fills, lie } = orders
const { path, ...engineOnly } = options

async function lookAt(store) {
  for (const token of tokens) {
    say(`will look read ${token}`)
    say(`did look ${answerOf(store.readSync(token))}`)
  }
  const { damaged_records } = await store.stats()
  if (damaged_records > 0) throw new Error(`${damaged_records} damaged records`)
  say('looked')
}

async function share(store) {
  if (orders.shared !== undefined) return orders.shared
  const token = await store.create({ shared: true }, null, COUNTED_READS)
  say(`shared ${token} ${COUNTED_READS}`)
  return token
}

/** How each way begins to work, and how it ends. */
const WAYS = {
  process(store, shared) {
    const name = `${process.pid}.0`
    void work({ store: lying(store, lie), name, lanes: LANES, adopted, shared })
    return () => store.close()
  },
  async threads(store, shared) {
    const workers = await Promise.all(
      Array.from({ length: WORKERS }, (_, number) => startWorker(number, shared)),
    )
    return async () => {
      for (const worker of workers) worker.postMessage('close')
      await Promise.all(workers.map((worker) => once(worker, 'exit')))
      await store.close()
    }
  },
  async master(store) {
    await Config.startMaster({ ...engineOnly, store_jt_path: path, ...address })
    return async () => {
      await Config.shutdownServer()
      await store.close()
    }
  },
}

async function startWorker(number, shared) {
  const mine = adopted.filter((_, at) => at % WORKERS === number)
  const name = `${process.pid}.${number + 1}`
  const workerData = {
    options,
    lie,
    name,
    lanes: Math.ceil(LANES / WORKERS),
    adopted: mine,
    shared,
  }
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData, execArgv: [] })
  await once(worker, 'message')
  return worker
}

/** The number of the newest segment: each rotation takes a higher one. */
function newestSegment() {
  const names = readdirSync(path).filter((name) => /^journal-[0-9a-f]{16}$/.test(name))
  return Math.max(0, ...names.map((name) => Number.parseInt(name.slice('journal-'.length), 16)))
}

/** Something that is forced to happen; false once the store is closed. */
async function phase(name, call) {
  say(`enter ${name}`)
  const { value, code, message } = await call()
  if (code === NOT_STARTED) return false
  if (code !== undefined) throw new Error(`${name}: ${code} ${message}`)
  say(`leave ${name} ${value ?? 0}`)
  return true
}

/** Changes one token with much data until the journal has gone on to another segment. */
async function fill(store) {
  const lane = `${process.pid}.fill`
  let token
  const did = (created) => (token = created)
  const name = `${lane}.0`
  const call = () => store.create({ name, pad: '' })
  if (!(await carryOut(lane, { will: `create ${name} -`, call, did }))) return {}
  for (const before = newestSegment(); newestSegment() === before; ) {
    for (let changes = 0; changes < 16; changes++) {
      if (!(await carryOut(lane, update({ store, token, length: LONGEST })))) return {}
    }
    await setImmediate()
  }
  return {}
}

/** Fills segments, checkpoints and sweeps at uneven intervals. */
async function disturb(store, engine) {
  for (;;) {
    await sleep(Math.random() * 60)
    if (fills && !(await phase('filling', () => fill(store)))) return
    if (!(await phase('checkpointing', () => engine.checkpoint()))) return
    if (!(await phase('sweeping', () => engine.sweep()))) return
  }
}

process.on('disconnect', () => process.exit())
say('opening')
const store = await Store.open(options)
say(`open ${newestSegment()}`)
await lookAt(store)
const { value: engine } = await native.openStore(engineOptions(options), () => {})
const close = await WAYS[way](store, await share(store))
process.once('message', async () => {
  say('enter closing')
  await close()
  await engine.close()
  say('leave closing 0')
  process.removeAllListeners('disconnect')
  process.disconnect()
})
say('working')
await disturb(store, engine)
