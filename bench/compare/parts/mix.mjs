/** The realistic mix: with few and many calls at a time, and while a sweep and checkpoints go on. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const VISITORS = { full: 20_000, quick: 100 }
const MILLISECONDS = { full: 800, quick: 40 }
const BUSY_MILLISECONDS = { full: 5_000, quick: 40 }
const EXPIRED = { full: 500_000, quick: 200 }
const TTL_SECONDS = { full: 5, quick: 1 }

/** Who is measured: at which depth a client of Redis pipelines is all that tells the two apart. */
const AT = {
  1: ['ours', 'older', 'lmdb', 'sqlite', 'ioredis', 'redis'],
  64: ['ours', 'older', 'lmdb', 'sqlite', 'pipelined', 'redis'],
  512: ['ours', 'older', 'lmdb', 'sqlite', 'pipelined', 'redis'],
}

const COLUMNS = [
  { measure: 'rate', title: 'calls a second', unit: '1/s', digits: 0 },
  { measure: 'p50', title: 'p50', unit: 'µs', digits: 1 },
  { measure: 'p99', title: 'p99', unit: 'µs', digits: 1 },
  { measure: 'p999', title: 'p99.9', unit: 'µs', digits: 0 },
  { measure: 'p9999', title: 'p99.99', unit: 'µs', digits: 0 },
  { measure: 'most', title: 'longest call', unit: 'ms', digits: 1, scale: 1e-3 },
  { measure: 'pause', title: 'longest pause of the event loop', unit: 'ms', digits: 1 },
]

const mix = (depth) => ({
  name: `mix${depth}`,
  group: 'mix',
  trials: (peers, size) =>
    AT[depth]
      .filter((peer) => peers.includes(peer))
      .map((peer) => ({
        key: peer,
        peer,
        run: (go) =>
          go('mix', { depth, milliseconds: MILLISECONDS[size], visitors: VISITORS[size] }),
      })),
  tables: [
    {
      title: depth === 1 ? 'One call at a time' : `${depth} calls at a time`,
      columns: COLUMNS,
    },
  ],
})

export const mixes = [1, 64, 512].map(mix)

export const busy = {
  name: 'busy',
  trials: (_peers, size) => [
    { key: 'ours', peer: 'ours', run: (go, folder) => runBusy(go, folder, size) },
  ],
  tables: [
    {
      title: 'One call at a time while a sweep and checkpoints go on',
      columns: [
        ...COLUMNS,
        { measure: 'checkpoints', title: 'checkpoints meanwhile', unit: '', digits: 0 },
        { measure: 'swept', title: 'tokens swept', unit: '', digits: 0 },
      ],
    },
  ],
}

/** The sweep begins when the store is opened, so all that it will remove has to be there and expired. */
async function runBusy(go, folder, size) {
  const limits = [TTL_SECONDS[size]]
  await go('fill', { count: EXPIRED[size], tokensFile: join(folder, 'tokens'), limits })
  await delay(TTL_SECONDS[size] * 1000)
  return go('mix', { depth: 1, milliseconds: BUSY_MILLISECONDS[size], visitors: VISITORS[size] })
}
