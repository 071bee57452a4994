/** Between processes: the rounds of `npm run bench:grpc`, with one and with four clients. */
import { round } from '../../grpc/rounds.mjs'
import { PEERS } from '../peers.mjs'

const COUNTS = {
  full: { slow: 1_000, one: 4_000, many: 50_000 },
  quick: { slow: 50, one: 50, many: 600 },
}
const rate = (measure, title = measure) => ({ measure, title, unit: '1/s', digits: 0 })

export const grpc = {
  name: 'grpc',
  mostRounds: 3, // the bench between processes has rounds of its own
  trials: (peers, size) => [
    {
      key: 'all drivers',
      peer: 'ours',
      isMany: true,
      run: async () => byRow(await round(among(peers), COUNTS[size])),
    },
  ],
  tables: [
    {
      title: 'Calls a second between two processes',
      columns: ['create', 'read', 'update', 'delete'].map((call) => rate(call)),
    },
    { title: 'All four calls, 64 at a time by each client', columns: [rate('together', 'sum')] },
    {
      title: 'Processor time of the master for a unary call',
      columns: [{ measure: 'unary', title: 'a call', unit: 'µs', digits: 0 }],
    },
  ],
}

const among = (peers) => ({ older: peers.includes('older'), redis: peers.includes('ioredis') })

/** One trial yields the rows of all drivers. */
function byRow({ rates, unary, one, four }) {
  const rows = Object.entries(rates).map(([key, calls]) => {
    const [peer, depth] = key.split(' ')
    return [labelOf(peer, depth), calls]
  })
  return {
    ...Object.fromEntries(rows),
    'crudjt, one client': { together: one },
    'crudjt, four clients': { together: four },
    ...(unary && {
      'crudjt, unary': { unary: unary.ours },
      'crudjt 1.0.1, unary': { unary: unary.older },
    }),
  }
}

const NAMES = { redis: 'ioredis', pipelined: 'pipelined' }
const labelOf = (peer, depth) =>
  `${PEERS[NAMES[peer] ?? peer].name}, ${depth === '1' ? 'one' : depth} at a time`
