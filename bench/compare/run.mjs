/**
 * The bench against what people would pick instead:
 *   npm run bench:peers -- [--rounds 7] [--part calls] [--only lmdb] [--without-huge] [--quick]
 *
 * Every trial runs in fresh processes, the peers in turn within one round; figures are medians over the
 * rounds. Prints tables and what is held against floors and aims; exit status 1 if a floor is missed.
 * `--part`, as often as wanted, chooses parts; the others stay as they were measured before on that
 * machine, with their day.
 * `--only`, as often as wanted, chooses peers; what is measured then is printed and not kept. `--quick` checks
 * that every driver works, with the peers that are there, and times nothing.
 */
import { parseArgs } from 'node:util'
import { latest, save, today } from '../results.mjs'
import { packRound } from '../rounds.mjs'
import { writeDocument } from './document.mjs'
import { Figures } from './figures.mjs'
import { judge } from './floors.mjs'
import { PART_NAMES, partsNamed } from './parts.mjs'
import { PEERS } from './peers.mjs'
import { preparePeers } from './prepare.mjs'
import { cells, floorCells, plainTable } from './text.mjs'
import { Trials } from './trials.mjs'

const PREFIX = 'peers-'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    part: { type: 'string', multiple: true, default: PART_NAMES },
    only: { type: 'string', multiple: true, default: Object.keys(PEERS) },
    'without-huge': { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
})
const there = preparePeers(!options.quick)
const peers = there.filter((peer) => peer === 'ours' || options.only.includes(peer))
const parts = partsNamed(options.part).filter(
  ({ name }) => !(options['without-huge'] && name === 'huge'),
)

if (options.quick) {
  await allRounds(1, 'quick')
  console.log('every driver that is there works')
} else {
  await report(await allRounds(Number(options.rounds), 'full'))
}

async function allRounds(rounds, size) {
  const plan = planOf(rounds, size)
  const trials = new Trials()
  const results = {}
  const begin = performance.now()
  try {
    for (const [done, trial] of plan.entries()) {
      const left = remaining(performance.now() - begin, done, plan.length)
      console.log(`round ${trial.round} of ${rounds}: ${trial.part}, ${trial.key}${left}`)
      keep(results, trial, await trials.run(trial))
    }
  } finally {
    trials.end()
  }
  return results
}

/** All trials in order: round by round, within it part by part, within that peer by peer. */
function planOf(rounds, size) {
  const ofRound = (round) => [
    { part: 'pack', key: 'pack', peer: 'ours', round, run: packRound },
    ...parts
      .filter(({ mostRounds = rounds }) => round <= mostRounds)
      .flatMap((part) =>
        part.trials(peers, size).map((trial) => ({ part: part.name, round, ...trial })),
      ),
  ]
  return Array.from({ length: rounds }, (_, i) => ofRound(i + 1)).flat()
}

function keep(results, { part, key, isMany }, result) {
  results[part] ??= {}
  const rows = isMany ? Object.entries(result) : [[key, result]]
  for (const [row, measures] of rows) {
    results[part][row] ??= []
    results[part][row].push(measures)
  }
}

/** The day of each part. */
function daysOf(results, day) {
  return Object.fromEntries(Object.keys(results).map((part) => [part, day]))
}

function remaining(elapsed, done, all) {
  if (done === 0) return ''
  const minutes = ((elapsed / done) * (all - done)) / 60_000
  return `, about ${minutes < 1 ? 'a minute' : `${Math.ceil(minutes)} minutes`} left`
}

/** Prints what was measured, keeps it with the other parts, and writes the document. */
async function report(measured) {
  const isWhole = options.only.length >= Object.keys(PEERS).length
  const before = isWhole ? latest(PREFIX) : undefined
  const results = { ...before?.results, ...measured }
  const days = { ...before?.days, ...daysOf(measured, today()) }
  const figures = new Figures(results)
  for (const part of parts) {
    for (const table of part.tables) {
      console.log(`\n${table.title}\n${plainTable(cells(figures, part.name, table))}`)
    }
  }
  const floors = judge(figures)
  console.log(`\nFloors and aims\n${plainTable(floorCells(floors))}`)
  if (floors.some(({ verdict }) => verdict === 'MISSED')) process.exitCode = 1
  if (!isWhole) return
  console.log(
    `\nKept in ${save({ days, floors, results }, PREFIX)}; written docs/internals/benchmarks.md.`,
  )
  await writeDocument(latest(PREFIX), figures)
}
