/**
 * What is to be reached against the peers, as ratios within one round: below the floor it is not done, the
 * aim is what good work should get. Losses stand here like wins.
 */
import { spread } from './figures.mjs'

const OURS = 'ours'

/** How many times as long the peer takes. */
const faster = (name, floor, aim, peer, [part, measure], theirs = measure) => ({
  name,
  floor,
  aim,
  unit: '×',
  digits: 2,
  of: (figures) => figures.times([part, peer, theirs], [part, OURS, measure]),
})
/** How many times as long we take at most. */
const within = (name, floor, aim, peer, [part, measure]) => ({
  name,
  floor,
  aim,
  unit: '×',
  digits: 2,
  isLess: true,
  of: (figures) => figures.times([part, OURS, measure], [part, peer, measure]),
})
/** A figure of ours by itself. */
const most = (name, floor, aim, { unit, digits, scale = 1 }, [part, trial, measure]) => ({
  name,
  floor,
  aim,
  unit,
  digits,
  isLess: true,
  of: (figures) => figures.values(part, trial, measure, scale),
})
/** What two worker threads do in the time of one. */
const together = (name, floor, aim, measure) => ({
  name,
  floor,
  aim,
  unit: '×',
  digits: 2,
  of: (figures) =>
    figures.times(['workers', '2 threads', measure], ['workers', '1 thread', measure]),
})

const MIB = { unit: 'MiB', digits: 1, scale: 2 ** -20 }
const MICROS = { unit: 'µs', digits: 1 }
const MILLIS = { unit: 'ms', digits: 2, scale: 1e-3 }
const PERCENT = { unit: '%', digits: 0 }

export const FLOORS = [
  faster('create, against the older one', 6, 10, 'older', ['calls', 'create']),
  faster('update, against the older one', 8, 12, 'older', ['calls', 'update']),
  faster('delete, against the older one', 7, 10, 'older', ['calls', 'delete']),
  faster('first read after create, against the older one', 1.1, 2, 'older', ['calls', 'firstRead']),
  faster('repeated read, against the older one', 1.5, 2.5, 'older', ['calls', 'repeatedRead']),
  faster('cold read, against the older one', 10, 15, 'older', ['cold', 'coldRead']),
  faster('create, against lmdb, puts not awaited', 2, 4, 'lmdb', ['calls', 'create']),
  faster('create, against lmdb until flushed', 4, 8, 'lmdb', ['calls', 'create'], 'createFlushed'),
  within('repeated read, to that of lmdb', 1.5, 1, 'lmdb', ['calls', 'repeatedRead']),
  within('update, to that of lmdb', 2, 1.2, 'lmdb', ['calls', 'update']),
  within('delete, to that of lmdb', 3, 2, 'lmdb', ['calls', 'delete']),
  faster('create, against fast-jwt with cache', 4, 6, 'fastjwtCached', ['calls', 'create']),
  faster('read, against fast-jwt with cache', 4, 8, 'fastjwtCached', ['calls', 'repeatedRead']),
  faster('create, against better-sqlite3', 20, undefined, 'sqlite', ['calls', 'create']),
  faster('read, against better-sqlite3', 6, undefined, 'sqlite', ['calls', 'repeatedRead']),
  faster('update, against better-sqlite3', 12, undefined, 'sqlite', ['calls', 'update']),
  faster('delete, against better-sqlite3', 12, undefined, 'sqlite', ['calls', 'delete']),
  within('resident memory after all calls, to the older one', 0.75, 0.5, 'older', ['calls', 'rss']),
  most('40 000 tokens with a ttl on disk, closed', 16, 14, MIB, ['disk', OURS, 'once']),
  most('created and deleted ten times, closed', 20, 8, MIB, ['disk', OURS, 'churned']),
  {
    ...most('rate of 10 000 000 creates to 40 000', 80, 95, PERCENT, ['huge', OURS, 'share']),
    isLess: false,
  },
  most('random read of 10 000 000, 64 MiB of cache', 12, 7, MICROS, ['huge', OURS, 'randomRead']),
  together('two threads against one: read', 1.6, 1.9, 'read'),
  together('two threads against one: create within a memtable', 1.5, 1.7, 'create'),
  together('two threads against one: create sustained', 1, 1.2, 'sustained'),
  most('p99.99 of a call beside checkpoints and a sweep', 2, 0.5, MILLIS, ['busy', OURS, 'p9999']),
  most('longest call beside checkpoints and a sweep', 15, 5, MILLIS, ['busy', OURS, 'most']),
]

/** @returns rows: `{name, floor, aim, unit, measured: {median, low, high}, verdict}` */
export const judge = (figures) =>
  FLOORS.map(({ of, ...row }) => {
    const measured = spread(of(figures))
    return { ...row, measured, verdict: verdictOf(row, measured) }
  })

function verdictOf({ floor, aim, isLess }, measured) {
  if (measured === undefined) return 'left out'
  const reaches = (limit) => (isLess ? measured.median <= limit : measured.median >= limit)
  if (aim !== undefined && reaches(aim)) return 'aim reached'
  return reaches(floor) ? 'above the floor' : 'MISSED'
}
