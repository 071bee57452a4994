/**
 * Writes the newest results of `npm run bench` into the documents: node bench/figures.mjs
 *
 * The README gets four of them, docs/internals/benchmarks.md all, losses included.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { MEASURES } from './measures.mjs'

const README = new URL('../README.md', import.meta.url)
const BENCHMARKS = new URL('../docs/internals/benchmarks.md', import.meta.url)
const RESULTS = new URL('results/', import.meta.url)
const PLACE = /(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/
const IN_README = {
  create: 'create',
  repeatedRead: 'repeated read',
  delete: 'delete',
  openLarge: 'opening a store of 1 000 000 tokens after a kill',
}

const newest = readdirSync(RESULTS)
  .filter((name) => /^\d.*\.json$/.test(name))
  .sort()
  .at(-1)
const { date, machine, pack, figures } = JSON.parse(readFileSync(new URL(newest, RESULTS), 'utf8'))
const where = `Measured on ${date} with Node ${machine.node.slice(1)} on ${machine.cores} cores of an ${machine.cpu}`

const few = Object.entries(IN_README).map(([key, name]) => [name, show(key, figures[key].measured)])
write(README, `| | |\n| --- | --- |\n${lines(few)}\n\n${where}.\n`)

const all = Object.entries(figures).map(([key, { measured, judged, verdict }]) => {
  const { name, floor, aim, scaled } = MEASURES[key]
  return [
    ...[name, show(key, measured), scaled ? show(key, judged) : ''],
    ...[show(key, floor), show(key, aim), verdict],
  ]
})
write(
  BENCHMARKS,
  `\n${where}, where msgpackr packed the record in ${pack.toFixed(2)} µs. "Normalised" is what the time would be where that takes 0.8 µs; it is what is held against floor and aim. All rounds are in [bench/results](../../bench/results).

| | measured | normalised | floor | aim | |
| --- | --- | --- | --- | --- | --- |
${lines(all)}

`,
)

function show(key, value) {
  const { digits, unit } = MEASURES[key]
  return `${value.toFixed(digits)} ${unit}`
}

function lines(rows) {
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function write(document, text) {
  const before = readFileSync(document, 'utf8')
  writeFileSync(
    document,
    before.replace(PLACE, (_all, open, close) => open + text + close),
  )
}
