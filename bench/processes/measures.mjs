/**
 * The measures between processes of one machine, with their floors and aims. Ratios are taken within a
 * round, for shared machines change their pace.
 */
import { median } from '../measures.mjs'

const WRITES = ['create', 'update', 'delete']
const CALLS = ['create', 'read', 'update', 'delete']

const rates = (calls, ours, theirs, names) =>
  names.map((name) => calls[ours]?.[name].rate / calls[theirs]?.[name].rate)

const less = (name, unit, floor, aim, of) => ({ name, unit, floor, aim, of, isLess: true })
const more = (name, floor, aim, of) => ({ name, unit: '×', floor, aim, of, isLess: false })

/** `of` gives the values of a round, of which the worst counts. */
export const MEASURES = [
  less('read, one at a time, p50', 'µs', 2, 1.3, ({ reads }) => [reads.ours.p50]),
  more('read, against ioredis over TCP', 10, 15, ({ reads }) => [
    reads.ours.rate / reads.redis?.rate,
  ]),
  more('read, against lmdb-js behind a promise', 1, 1.4, ({ reads }) => [
    reads.ours.rate / reads.lmdb?.rate,
  ]),
  less('one read a millisecond, p50', 'µs', 8, 4, ({ paced }) => [paced.ours.p50]),
  more('four clients, reads in sum, against ioredis', 10, 18, ({ four }) => [
    four.ours / four.redis,
  ]),
  more('create, update, delete, against the batch stream', 1.5, 2, ({ calls }) =>
    rates(calls, 'ours', 'stream', WRITES),
  ),
  more('the same against ioredis over TCP', 1.3, 1.8, ({ calls }) =>
    rates(calls, 'ours', 'redis', WRITES),
  ),
  more('the same against ioredis over its Unix socket', 1.15, 1.4, ({ calls }) =>
    rates(calls, 'ours', 'redisUnix', WRITES),
  ),
  more('64 at a time, against auto-pipelined ioredis', 3.5, 5, ({ many }) =>
    rates(many[64], 'ours', 'pipelined', CALLS),
  ),
  more('512 at a time, against auto-pipelined ioredis', 3, 4, ({ many }) =>
    rates(many[512], 'ours', 'pipelined', CALLS),
  ),
  less(
    'processor time of a call, both sides, to the batch stream',
    '×',
    0.65,
    0.5,
    ({ processor }) => [processor.ours / processor.stream],
  ),
  less('p99 while the JavaScript of the master is blocked', 'ms', 2, 0.1, ({ blocked }) => [
    blocked.ours.p99 / 1000,
  ]),
  more('create in the process of the master, shelf on against off', 0.97, 1, ({ creates }) => [
    creates.on / creates.off,
  ]),
]

/** @param {object[]} rounds @returns {object[]} the medians of all rounds, and whether they are enough */
export function judge(rounds) {
  return MEASURES.map(({ name, unit, floor, aim, of, isLess }) => {
    const all = rounds.map(of)
    const values = all[0].map((_, i) => median(all.map((values) => values[i])))
    const worst = isLess ? Math.max(...values) : Math.min(...values)
    return { name, unit, floor, aim, values, verdict: verdictOf({ worst, floor, aim, isLess }) }
  })
}

function verdictOf({ worst, floor, aim, isLess }) {
  if (Number.isNaN(worst)) return 'left out'
  const reaches = (limit) => (isLess ? worst <= limit : worst >= limit)
  if (reaches(aim)) return 'aim reached'
  return reaches(floor) ? 'above the floor' : 'MISSED'
}

/** @param {object[]} figures @returns {string} a table of Markdown */
export function table(figures) {
  const rows = figures.map(({ name, unit, floor, aim, values, verdict }) => {
    const measured = values.map((value) => value.toPrecision(3)).join(', ')
    return `| ${name} | ${floor} ${unit} | ${aim} ${unit} | ${measured} ${unit} | ${verdict} |`
  })
  return [
    '| measure | floor | aim | measured | |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
