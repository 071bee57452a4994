// Works on a store until it is killed: two worker threads with 32 operations in flight each, while
// this thread forces checkpoints and sweeps and tells what has happened. node child.mjs OPTIONS
//
// What it says is read by log.ts and run.ts: `opening`; `shared TOKEN READS`, the token that both
// threads count down; `open`, now they work; `seen {…}`, a Report; and the lines of worker.mjs.
import { once } from 'node:events'
import { readdirSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Store } from 'crudjt'
// The public API forces no checkpoint: for that this thread has a second handle, of the binding.
import { openStore } from '#native'
import { engineOptions } from '../../dist/src/options.js'

const WORKERS = 2
const COUNTED_READS = 1_000_000_000
const options = JSON.parse(process.argv[2])
// A short line goes through the pipe as a whole, and nothing of it is held back in this process. The
// pipe is one that Node does not know: it would make its own standard output one that can be full.
const say = (line) => writeSync(3, `${line}\n`)

const unwrap = ({ value, code, message }) => {
  if (code !== undefined) throw new Error(`${code}: ${message}`)
  return value
}

/** The number of the newest segment: each rotation takes a higher one. */
function newestSegment() {
  const names = readdirSync(options.path).filter((name) => /^journal-[0-9a-f]{16}$/.test(name))
  return Math.max(0, ...names.map((name) => Number.parseInt(name.slice('journal-'.length), 16)))
}

function startWorker(number, shared) {
  const workerData = { options, shared, name: `${process.pid}.${number}` }
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData, execArgv: [] })
  return once(worker, 'online')
}

/** Checkpoints and sweeps at uneven intervals, so that segments also fill up in between. */
async function disturb(store, engine) {
  const first = newestSegment()
  for (const done = { checkpoints: 0, swept: 0 }; ; ) {
    await sleep(Math.random() * 200)
    unwrap(await engine.checkpoint())
    done.checkpoints++
    done.swept += unwrap(await engine.sweep())
    const { last_checkpoint_at_ms, last_sweep_at_ms } = await store.stats()
    const rotations = newestSegment() - first
    say(`seen ${JSON.stringify({ ...done, rotations, last_checkpoint_at_ms, last_sweep_at_ms })}`)
  }
}

say('opening')
const store = await Store.open(options)
const engine = unwrap(await openStore(engineOptions(options), () => {}))
const shared = await store.create({ shared: true }, null, COUNTED_READS)
say(`shared ${shared} ${COUNTED_READS}`)
await Promise.all(Array.from({ length: WORKERS }, (_, number) => startWorker(number, shared)))
say('open')
await disturb(store, engine)
