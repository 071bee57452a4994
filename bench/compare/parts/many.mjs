/** Very many tokens, more than are kept at hand. */
import { join } from 'node:path'

const CACHE = 64 * 2 ** 20
const LARGE = { full: 1_000_000, quick: 300 }
const HUGE = { full: 10_000_000, quick: 300 }
const READS = { full: 200_000, quick: 100 }
const SAMPLE = 10 // one of so many of the huge store is among those that are read
const LARGE_PEERS = ['ours', 'lmdb', 'lmdbShared', 'sqlite']

const read = { measure: 'randomRead', title: 'read at random', unit: 'µs', digits: 2 }
const rss = { measure: 'rss', title: 'resident memory', unit: 'MB', digits: 0, scale: 1e-6 }

/** The store is made once and read by fresh processes in every round. */
export const large = {
  name: 'large',
  trials: (peers, size) =>
    LARGE_PEERS.filter((peer) => peers.includes(peer)).map((peer) => ({
      key: peer,
      peer,
      isKept: true,
      prepare: (go, folder) =>
        go('fill', { count: LARGE[size], tokensFile: join(folder, 'tokens') }),
      run: (go, folder) =>
        go('at-random', {
          cacheSize: CACHE,
          count: READS[size],
          tokensFile: join(folder, 'tokens'),
        }),
    })),
  tables: [
    {
      title: 'Reads of 1 000 000 tokens at random, with a cache of 64 MiB',
      columns: [read, rss],
      times: true,
    },
  ],
}

export const huge = {
  name: 'huge',
  mostRounds: 3,
  trials: (_peers, size) => [
    {
      key: 'ours',
      peer: 'ours',
      run: async (go, folder) => {
        const many = { cacheSize: CACHE, tokensFile: join(folder, 'tokens'), every: SAMPLE }
        const few = await go('fill-many', { ...many, folder: join(folder, 'few'), count: 40_000 })
        const { create } = await go('fill-many', { ...many, count: HUGE[size] })
        const { randomRead, rss } = await go('at-random', { ...many, count: READS[size] })
        return { create, share: (few.create / create) * 100, randomRead, rss }
      },
    },
  ],
  tables: [
    {
      title: '10 000 000 tokens, with a cache of 64 MiB',
      columns: [
        { measure: 'create', title: 'create', unit: 'µs', digits: 2 },
        { measure: 'share', title: 'rate to that of 40 000', unit: '%', digits: 0 },
        read,
        rss,
      ],
    },
  ],
}
