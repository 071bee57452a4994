/** Writes the newest results of the bench into the README, losses included:  node bench/figures.mjs */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { MEASURES } from './measures.mjs'

const README = new URL('../README.md', import.meta.url)
const RESULTS = new URL('results/', import.meta.url)
const PLACE = /(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/

const newest = readdirSync(RESULTS)
  .filter((name) => /^\d.*\.json$/.test(name))
  .sort()
  .at(-1)
const { date, machine, pack, figures } = JSON.parse(readFileSync(new URL(newest, RESULTS), 'utf8'))

const rows = Object.entries(figures).map(([key, { measured, judged, verdict }]) => {
  const { name, unit, floor, aim, digits, scaled } = MEASURES[key]
  const show = (value) => `${value.toFixed(digits)} ${unit}`
  return `| ${[name, show(measured), scaled ? show(judged) : '', show(floor), show(aim), verdict].join(' | ')} |`
})
const text = `
Taken on ${date} with Node ${machine.node.slice(1)}, ${machine.cores} cores of an ${machine.cpu}, on which msgpackr took ${pack.toFixed(2)} µs to pack the record; "scaled" is what the figure would be where that takes 0.8 µs, and is what counts. Every round is in [bench/results](bench/results).

| | measured | scaled | floor | aim | |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

`
const readme = readFileSync(README, 'utf8')
writeFileSync(
  README,
  readme.replace(PLACE, (_all, open, close) => open + text + close),
)
