/** The final report. */
import { CALLS } from './client.mjs'

/** @returns {string} the table */
export function report({ requests, unanswered, audit, violations, bytes, timings }) {
  const count = (kind) => violations.filter((violation) => violation.kind === kind).length
  const { sessions, loggedIn, links } = audit
  const areLinksRight = count('lost') + count('revived') === 0
  const totals = [
    ['requests answered', requests, `and ${unanswered} in flight at the kill got no reply`],
    ['sessions', sessions, `${loggedIn} logged in, ${sessions - loggedIn} logged out`],
    ['links', links, areLinksRight ? 'each worked three times, never a fourth' : ''],
    ['lost', count('lost'), 'acknowledged, but missing from the store'],
    ['revived', count('revived'), 'logged out or used up, but still valid'],
    ['changed', count('changed'), 'other data than was acknowledged'],
    ['failed', count('failed'), 'answered with an error'],
    ['on disk', `${(bytes / 1024 / 1024).toFixed(1)} MiB`, 'allocated to the store'],
  ]
  return ['', ...totals.map(totalLine), '', ...callLines(timings), ''].join('\n')
}

const totalLine = ([name, value, remark]) =>
  `${name.padEnd(18)}${grouped(value).padStart(10)}   ${remark}`.trimEnd()

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
