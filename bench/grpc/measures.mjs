/**
 * The measures between processes with their floors and aims, as ratios to what a peer does in the same
 * round: machines that are shared change their pace, which a ratio bears.
 */
import { median } from '../measures.mjs'

export const CALLS = ['create', 'read', 'update', 'delete']

const faster = (depth, peer, name, floor, aim) => ({ depth, peer, name, floor, aim })

/** Calls a second, against those of a peer with as many calls under way; judged by the worst of the four. */
export const SPEEDS = {
  oneOlder: faster(1, 'older', 'one at a time, against the older one', 3, 4),
  oneRedis: faster(1, 'redis', 'one at a time, against ioredis', 0.6, 1),
  fewOlder: faster(64, 'older', '64 at a time, against the older one', 20, 30),
  fewRedis: faster(64, 'pipelined', '64 at a time, against auto-pipelined ioredis', 1.3, 1.8),
  manyRedis: faster(512, 'pipelined', '512 at a time, against auto-pipelined ioredis', 1.4, 2),
}

const UNARY = { name: 'processor time of a unary call, to the older', floor: 0.85, aim: 0.6 }
const TOGETHER = { name: 'four clients together, against one', floor: 1 }

/** @param {object[]} rounds @returns {object[]} rows: what was measured, and whether it is enough */
export function judge(rounds) {
  const speeds = Object.values(SPEEDS).map((speed) => judgeSpeed(speed, rounds))
  const unary = ratios(
    rounds,
    ({ unary }) => unary?.ours,
    ({ unary }) => unary?.older,
  )
  const together = ratios(
    rounds,
    ({ four }) => four,
    ({ one }) => one,
  )
  return [...speeds, row(UNARY, { all: unary }, true), row(TOGETHER, { all: together }, false)]
}

function judgeSpeed(speed, rounds) {
  const of = (name, call) => (round) => round.rates[`${name} ${speed.depth}`]?.[call]
  const entries = CALLS.map((call) => [
    call,
    ratios(rounds, of('ours', call), of(speed.peer, call)),
  ])
  return row(speed, Object.fromEntries(entries), false)
}

/** The median over the rounds; undefined where something was left out. */
function ratios(rounds, ours, theirs) {
  const all = rounds.map((round) => ours(round) / theirs(round)).filter((ratio) => ratio > 0)
  return all.length === rounds.length ? median(all) : undefined
}

function row({ name, floor, aim }, measured, isLess) {
  const values = Object.values(measured).map((value) => value ?? Number.NaN)
  const worst = isLess ? Math.max(...values) : Math.min(...values)
  const reaches = (limit) => (isLess ? worst <= limit : worst >= limit)
  return { name, floor, aim, measured, verdict: verdictOf(worst, reaches, floor, aim) }
}

function verdictOf(worst, reaches, floor, aim) {
  if (Number.isNaN(worst)) return 'left out'
  if (aim !== undefined && reaches(aim)) return 'aim reached'
  return reaches(floor) ? 'above the floor' : 'MISSED'
}

/** @param {object[]} rows @returns {string} */
export function table(rows) {
  const line = (name, cells, verdict) =>
    `${name.padEnd(47)}${cells.map((cell) => cell.padStart(9)).join('')}   ${verdict}`
  const times = (value) => (value === undefined ? '–' : `${value.toPrecision(3)} ×`)
  const lines = rows.map(({ name, floor, aim, measured, verdict }) => {
    const cells = [floor, aim, ...Object.values(measured)].map(times)
    return line(name, cells.concat(Array(6 - cells.length).fill('')), verdict)
  })
  return [line('', ['floor', 'aim', ...CALLS], ''), ...lines].join('\n')
}
