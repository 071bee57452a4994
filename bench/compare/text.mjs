/** Figures as text: in the terminal and in the document. */
import { spread } from './figures.mjs'
import { PEERS } from './peers.mjs'

/** "1.23 (1.10–1.40)", in the unit of a column. */
export function show(figure, { digits }) {
  if (figure === undefined) return '–'
  const fixed = (value) => grouped(value.toFixed(digits))
  const range = figure.low === figure.high ? '' : ` (${fixed(figure.low)}–${fixed(figure.high)})`
  return fixed(figure.median) + range
}

/** Two digits that count. */
const short = (value) => (value >= 10 ? value.toFixed(0) : value.toPrecision(2))

/** Thousands apart, as people write them. */
const grouped = (text) => text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ' ')

/** @returns {{head: string[], lines: string[][]}} a row for each trial that has one of the columns */
export function cells(figures, part, { columns, times }) {
  const head = ['', ...columns.map(({ title, unit }) => (unit ? `${title}, ${unit}` : title))]
  const lines = figures.trials(part).flatMap((trial) => {
    const row = columns.map((column) => cell(figures, part, trial, column, times))
    return row.every((text) => text === '–') ? [] : [[nameOf(trial), ...row]]
  })
  return { head, lines }
}

function cell(figures, part, trial, column, times) {
  const values = figures.values(part, trial, column.measure, column.scale)
  const text = show(spread(values), column)
  if (!times || trial === 'ours' || text === '–') return text
  const ratio = spread(figures.times([part, trial, column.measure], [part, 'ours', column.measure]))
  return ratio === undefined ? text : `${text}, ${short(ratio.median)} ×`
}

/** The name of a row: a peer's, or what it says itself. */
export const nameOf = (trial) => PEERS[trial]?.name ?? trial

/** For a terminal. */
export function plainTable({ head, lines }) {
  const rows = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) => row.map((text, column) => pad(text, widths[column], column)).join('  '))
    .join('\n')
}

const pad = (text, width, column) => (column === 0 ? text.padEnd(width) : text.padStart(width))

/** For the document. */
export const markdownTable = ({ head, lines }) =>
  [head, head.map(() => '---'), ...lines].map((row) => `| ${row.join(' | ')} |`).join('\n')

/** The rows of floors and aims. */
export function floorCells(rows) {
  const head = ['', 'floor', 'aim', 'measured', 'verdict']
  const limit = (value, { unit, isLess }) =>
    value === undefined ? '–' : `${isLess ? '≤ ' : ''}${value} ${unit}`
  const lines = rows.map((row) => [
    row.name,
    limit(row.floor, row),
    limit(row.aim, row),
    row.measured === undefined ? '–' : `${show(row.measured, row)} ${row.unit}`,
    row.verdict,
  ])
  return { head, lines }
}
