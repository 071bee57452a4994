/** The four calls on 40 000 tokens, new ones and those of another process. */
import { join } from 'node:path'

const COUNT = { full: 40_000, quick: 100 }
const CALLS = [
  ['create', 'create'],
  ['firstRead', 'first read'],
  ['repeatedRead', 'repeated read'],
  ['update', 'update'],
  ['delete', 'delete'],
]
const COLD = [
  ['coldRead', 'first read'],
  ['secondRead', 'second read'],
  ['repeatedRead', 'third read'],
  ...CALLS.slice(3),
]
/** One call after the other can't be pipelined. */
const NOT_IN_CALLS = ['pipelined']
/** To a JSON Web Token every process is the same, and to a client of Redis: the server has the data. */
const IN_COLD = ['ours', 'older', 'lmdb', 'lmdbShared', 'sqlite']
/** Where ours finds what it works on: in the memtable, or in the B-tree. */
const placesOf = (calls) => ({
  title: 'Share of the tokens that were in our memtable; the others were in the B-tree',
  columns: calls.map(([call, title]) => ({
    measure: `${call}Memtable`,
    title,
    unit: '%',
    digits: 0,
  })),
})
const micros = ([measure, title]) => ({ measure, title, unit: 'µs', digits: 2 })

export const calls = {
  name: 'calls',
  trials: (peers, size) =>
    peers
      .filter((peer) => !NOT_IN_CALLS.includes(peer))
      .map((peer) => ({ key: peer, peer, run: (go) => go('calls', { count: COUNT[size] }) })),
  tables: [
    { title: 'Every call on 40 000 new tokens', columns: CALLS.map(micros), times: true },
    placesOf(CALLS),
    {
      title: 'Changes until they are on disk',
      columns: ['create', 'update', 'delete'].map((call) => micros([`${call}Flushed`, call])),
    },
    {
      title: 'Processor time, background threads and servers included',
      columns: CALLS.map(([call, title]) => micros([`${call}Processor`, title])),
    },
    {
      title: 'Bytes that a call causes to be written to the device',
      columns: CALLS.filter(([call]) => !call.endsWith('Read')).map(([call, title]) => ({
        measure: `${call}Written`,
        title,
        unit: 'B',
        digits: 0,
      })),
    },
    {
      title: 'Resident memory',
      columns: [
        {
          measure: 'rssCreated',
          title: 'after 40 000 creates',
          unit: 'MB',
          digits: 0,
          scale: 1e-6,
        },
        { measure: 'rss', title: 'after all calls', unit: 'MB', digits: 0, scale: 1e-6 },
      ],
    },
  ],
}

export const cold = {
  name: 'cold',
  trials: (peers, size) =>
    IN_COLD.filter((peer) => peers.includes(peer)).map((peer) => ({
      key: peer,
      peer,
      run: async (go, folder) => {
        const tokensFile = join(folder, 'tokens')
        await go('fill', { count: COUNT[size], tokensFile })
        return go('cold', { tokensFile })
      },
    })),
  tables: [
    {
      title: 'Every call on 40 000 tokens of another process',
      columns: [{ measure: 'open', title: 'open', unit: 'ms', digits: 1 }, ...COLD.map(micros)],
      times: true,
    },
    placesOf(COLD),
    {
      title: 'Processor time of these, background threads and servers included',
      columns: COLD.map(([call, title]) => micros([`${call}Processor`, title])),
    },
  ],
}
