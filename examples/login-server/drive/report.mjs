/** The closing table. */
import { CALLS } from './desk.mjs'

const FAULTS = { lost: 'lost', revived: 'revived', changed: 'changed', failed: 'failed' }

/** How many faults of each kind. @param {{kind: string}[]} faults */
export const countFaults = (faults) =>
  Object.fromEntries(
    Object.keys(FAULTS).map((kind) => [kind, faults.filter((fault) => fault.kind === kind).length]),
  )

/** @returns {string} the table */
export function report({ requests, unanswered, audit, faults, bytes, timings }) {
  const counts = countFaults(faults)
  const totals = [
    ['requests answered', requests, `and ${unanswered} in flight at the kill got no answer`],
    [
      'sessions',
      audit.sessions,
      `${audit.loggedIn} logged in, ${audit.sessions - audit.loggedIn} logged out`,
    ],
    ['links', audit.links, 'each worked three times, never a fourth'],
    ['lost', counts.lost, 'answered, but not in the store'],
    ['revived', counts.revived, 'logged out or used up, but working'],
    ['changed', counts.changed, 'other data than was answered'],
    ['failed', counts.failed, 'answered with an error'],
    ['on disk', `${(bytes / 1024 / 1024).toFixed(1)} MiB`, 'allocated to the store'],
  ]
  if (counts.lost + counts.revived > 0) totals[2][2] = ''
  return ['', ...totals.map(totalLine), '', ...callLines(timings), ''].join('\n')
}

const totalLine = ([name, value, remark]) =>
  `${name.padEnd(18)}${grouped(value).padStart(10)}   ${remark}`

function callLines(timings) {
  const head = line('call', ['answered', 'median', 'p99', 'in the store', 'p99'])
  const rows = CALLS.map((call) => [call, timings.of(call)]).filter(([, figures]) => figures)
  return [head, ...rows.map(([call, figures]) => line(call, cells(figures)))]
}

const cells = ({ count, request, store }) => [
  grouped(count),
  ms(request.median),
  ms(request.p99),
  us(store.median),
  us(store.p99),
]
const line = (name, fields) =>
  `${name.padEnd(10)}${fields.map((field) => field.padStart(14)).join('')}`
const ms = (value) => `${value.toFixed(2)} ms`
const us = (value) => `${(value * 1000).toFixed(1)} µs`
const grouped = (value) =>
  typeof value === 'number' ? value.toLocaleString('en').replaceAll(',', ' ') : value
