/** Writes docs/internals/benchmarks.md and its charts from results and the template beside this file. */
import { readFileSync, writeFileSync } from 'node:fs'
import { spread } from './figures.mjs'
import { ALL_PARTS } from './parts.mjs'
import { PEERS } from './peers.mjs'
import { cells, floorCells, markdownTable, nameOf } from './text.mjs'

const TEMPLATE = new URL('benchmarks.template.md', import.meta.url)
const DOCUMENT = new URL('../../docs/internals/benchmarks.md', import.meta.url)

/** @param kept what `save` keeps: `{date, machine, days, floors, results}` @param figures of the same results */
export async function writeDocument(kept, figures) {
  const { drawChart } = await import('../peers/charts.mjs')
  const chart = (name) => drawChart(name, CHARTS[name].panels(figures), CHARTS[name].description)
  const places = {
    date: () => kept.date,
    machine: () => markdownTable(machineCells(kept.machine)),
    pack: () => `${spread(figures.values('pack', 'pack', 'pack')).median.toFixed(2)} µs`,
    floors: () => markdownTable(floorCells(kept.floors)),
    peers: () => markdownTable(peerCells()),
    part: (name) => tablesOf(name, figures, kept.days[name] === kept.date ? '' : kept.days[name]),
    chart,
  }
  const template = readFileSync(TEMPLATE, 'utf8')
  const text = template.replace(/\{\{(\w+)(?: (\w+))?\}\}/g, (_all, place, argument) =>
    places[place](argument),
  )
  writeFileSync(DOCUMENT, text)
  await import('../figures.mjs') // the figures of `npm run bench`
}

/** @param day of another run that it is from, if it is */
function tablesOf(name, figures, day) {
  const part = ALL_PARTS.find((part) => part.name === name)
  const sections = part.tables.map((table) => {
    const { head, lines } = cells(figures, name, table)
    const rounds = Math.max(0, ...figures.trials(name).map((trial) => figures.rounds(name, trial)))
    if (lines.length === 0) return `**${table.title}**: not measured in this run.`
    const taken = `${rounds === 1 ? 'one round' : `${rounds} rounds`}${day ? ` of ${day}` : ''}`
    return `**${table.title}** (${taken})\n\n${markdownTable({ head, lines })}`
  })
  return sections.join('\n\n')
}

function machineCells(machine) {
  const lines = Object.entries(machine).map(([name, value]) => [name, String(value)])
  return { head: ['', ''], lines }
}

function peerCells() {
  const head = ['', 'version', 'what it does not do', 'settings', 'durability']
  const lock = json('../peers/package-lock.json').packages
  const version = ({ packages: [name] = [] }) => lock[`node_modules/${name}`]?.version ?? '–'
  const lines = Object.values(PEERS).map((peer) => [
    peer.name,
    peer === PEERS.ours ? json('../../package.json').version : version(peer),
    peer.lacks,
    peer.settings,
    peer.durability,
  ])
  return { head, lines }
}

const json = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))

/** A panel of one measure: a bar for each trial that has it, the best first. */
function panel(
  figures,
  part,
  measure,
  { title, unit, digits, scale = 1, isLog = true, isMore = false },
) {
  const bars = figures.trials(part).flatMap((trial) => {
    const figure = spread(figures.values(part, trial, measure, scale))
    return figure ? [{ name: nameOf(trial), value: figure.median, isOurs: trial === 'ours' }] : []
  })
  bars.sort((a, b) => (isMore ? b.value - a.value : a.value - b.value))
  return { title, unit, digits, isLog, bars }
}

const micros = (title) => ({ title: `${title}, µs a call (logarithmic)`, unit: 'µs', digits: 2 })
const rates = (title) => ({ title, unit: '1/s', digits: 0, isMore: true, isLog: false })
const mebibytes = (title) => ({ title, unit: 'MiB', digits: 1, scale: 2 ** -20, isLog: false })

const CHARTS = {
  calls: {
    description:
      'Microseconds a call on 40 000 new tokens, by peer; the figures are in the table below',
    panels: (figures) => [
      panel(figures, 'calls', 'create', micros('Create')),
      panel(figures, 'calls', 'repeatedRead', micros('Repeated read')),
      panel(figures, 'calls', 'update', micros('Update')),
      panel(figures, 'calls', 'delete', micros('Delete')),
    ],
  },
  mix: {
    description:
      'Calls a second in the realistic mix, by peer; the figures are in the tables below',
    panels: (figures) => [
      panel(figures, 'mix1', 'rate', rates('The mix, one call at a time: calls a second')),
      panel(figures, 'mix64', 'rate', rates('The mix, 64 at a time')),
      panel(figures, 'mix512', 'rate', rates('The mix, 512 at a time')),
    ],
  },
  disk: {
    description: 'Mebibytes on disk, by peer; the figures are in the table below',
    panels: (figures) => [
      panel(figures, 'disk', 'once', mebibytes('On disk: 40 000 tokens')),
      panel(figures, 'disk', 'churned', mebibytes('On disk: 40 000 created and deleted ten times')),
    ],
  },
}
