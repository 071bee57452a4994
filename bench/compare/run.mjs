/**
 * The bench against what people would pick instead:
 *   npm run bench:peers -- [--rounds 7] [--part calls] [--only lmdb] [--quick]
 *
 * Every trial runs in fresh processes, the peers in turn within one round; figures are medians over the
 * rounds. Prints tables and what is held against floors and aims; exit status 1 if a floor is missed.
 * `--part` and `--only` (given as often as wanted) choose parts and peers. `--quick` checks that every driver
 * works, with the peers that are there, and times nothing.
 */
import { parseArgs } from 'node:util'
import { save } from '../results.mjs'
import { Figures } from './figures.mjs'
import { judge } from './floors.mjs'
import { PARTS } from './parts.mjs'
import { PEERS } from './peers.mjs'
import { preparePeers } from './prepare.mjs'
import { cells, floorCells, plainTable } from './text.mjs'
import { runTrial } from './trials.mjs'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    part: { type: 'string', multiple: true, default: Object.keys(PARTS) },
    only: { type: 'string', multiple: true, default: Object.keys(PEERS) },
    quick: { type: 'boolean', default: false },
  },
})
const there = preparePeers(!options.quick)
const peers = there.filter((peer) => peer === 'ours' || options.only.includes(peer))
const parts = options.part.map((name) => PARTS[name])

if (options.quick) {
  await allRounds(1, 'quick')
  console.log('every driver that is there works')
} else {
  const results = await allRounds(Number(options.rounds), 'full')
  report(results)
}

async function allRounds(rounds, size) {
  const trials = parts.flatMap((part) =>
    part.trials(peers, size).map((trial) => ({ part: part.name, ...trial })),
  )
  const results = {}
  const begin = performance.now()
  for (let done = 0; done < rounds * trials.length; done++) {
    const trial = trials[done % trials.length]
    const round = Math.floor(done / trials.length) + 1
    const left = remaining(performance.now() - begin, done, rounds * trials.length)
    console.log(`round ${round} of ${rounds}: ${trial.part}, ${trial.key}${left}`)
    results[trial.part] ??= {}
    results[trial.part][trial.key] ??= []
    results[trial.part][trial.key].push(await runTrial(trial))
  }
  return results
}

function remaining(elapsed, done, all) {
  if (done === 0) return ''
  const minutes = ((elapsed / done) * (all - done)) / 60_000
  return `, about ${minutes < 1 ? 'a minute' : `${Math.ceil(minutes)} minutes`} left`
}

function report(results) {
  const figures = new Figures(results)
  for (const part of parts) {
    for (const table of part.tables) {
      console.log(`\n${table.title}\n${plainTable(cells(figures, part.name, table, nameOf))}`)
    }
  }
  const floors = judge(figures)
  console.log(`\nFloors and aims\n${plainTable(floorCells(floors))}`)
  console.log(`\nKept in ${save({ floors, results }, 'peers-')}.`)
  if (floors.some(({ verdict }) => verdict === 'MISSED')) process.exitCode = 1
}

function nameOf(trial) {
  return PEERS[trial]?.name ?? trial
}
