/** Bytes on the disk after close. */
import { join } from 'node:path'

const COUNT = { full: 40_000, quick: 50 }
const TIMES = { full: 10, quick: 2 }
const PEERS = ['ours', 'older', 'lmdb', 'lmdbShared', 'sqlite']

export const disk = {
  name: 'disk',
  mostRounds: 1, // sizes hardly differ from round to round
  trials: (peers, size) =>
    PEERS.filter((peer) => peers.includes(peer)).map((peer) => ({
      key: peer,
      peer,
      run: async (go, folder) => {
        const count = COUNT[size]
        const once = await go('disk', { count, times: 1 })
        const churning = { count, times: TIMES[size], folder: join(folder, 'churned') }
        const churned = await go('disk', churning)
        return { once: once.disk, churned: churned.disk }
      },
    })),
  tables: [
    {
      title: 'Bytes allocated on disk after close',
      columns: [
        { measure: 'once', title: '40 000 tokens', unit: 'MiB', digits: 1, scale: 2 ** -20 },
        {
          measure: 'churned',
          title: '40 000 created and deleted ten times',
          unit: 'MiB',
          digits: 1,
          scale: 2 ** -20,
        },
      ],
    },
  ],
}
