/**
 * A realistic mix for a while, so many calls at a time. Every call is timed as its caller sees it. A turn of
 * the event loop is let in now and then, as in a server, so that its longest pause can be seen.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { loadPeer } from '../peers.mjs'
import { finish, given } from './trial.mjs'
import { Visits } from './visits.mjs'
import { Watch } from './watch.mjs'

const VISITS_A_TURN = 100
const MOST = 2 ** 23
const RESOLUTION_MS = 1

const { peer, folder, port, depth, milliseconds, visitors } = given
const open = await loadPeer(peer)
const store = await open({ folder, port })
const visits = new Visits(store, visitors)
await visits.fill()
await run(milliseconds / 4) // compiles

const watch = await Watch.start(store)
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
await turn()
delays.enable()
const { seconds, taken } = await run(milliseconds)
await turn()
delays.disable()
const { length: count } = taken
const calls = { rate: count / seconds, count, ...quantiles(taken.sort()) }
finish({ ...calls, pause: delays.max / 1e6, ...(await watch.end()) })

/** @returns how many seconds it went on, and how many microseconds each call took */
async function run(milliseconds) {
  const taken = new Float32Array(MOST)
  let count = 0
  const begin = performance.now()
  const deadline = begin + milliseconds
  const loop = async () => {
    for (let now = begin; now < deadline && count < MOST; ) {
      const start = performance.now()
      await visits.visit()
      now = performance.now()
      taken[count++] = (now - start) * 1000
      if (count % VISITS_A_TURN === 0) await turn()
    }
  }
  await Promise.all(Array.from({ length: depth }, loop))
  return { seconds: (performance.now() - begin) / 1000, taken: taken.subarray(0, count) }
}

function quantiles(sorted) {
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), p9999: at(0.9999), most: at(1) }
}
