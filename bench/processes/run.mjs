/**
 * The bench between processes of one machine, against Redis and LMDB:
 *   npm run bench:processes -- [--rounds 7] [--quick]
 *
 * Master and clients are processes of their own, pinned to processors as `processes.mjs` says; every call
 * carries the record of 256 bytes. Prints every figure beside its floor and its aim and keeps them in
 * bench/results; exit status 1 if a floor is missed or a peer left out. `--quick` checks that every driver
 * works, with the peers that are there, and times nothing.
 */
import { parseArgs } from 'node:util'
import { isInstalled, prepare } from '../grpc/prepare.mjs'
import { save } from '../results.mjs'
import { judge, table } from './measures.mjs'
import { round } from './round.mjs'

const FULL = { one: 8_000, many: 100_000, paced: 1_000 }
const QUICK = { one: 50, many: 600, paced: 20 }

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, quick: { type: 'boolean', default: false } },
})
const { redis } = prepare(!values.quick)
const peers = { redis, lmdb: isInstalled('lmdb') }

if (values.quick) {
  await round(peers, QUICK, false)
  console.log('every driver that is there works')
} else {
  const rounds = []
  for (let i = 1; i <= Number(values.rounds); i++) {
    console.log(`round ${i} of ${values.rounds}`)
    rounds.push(await round(peers, FULL, i % 2 === 0))
  }
  const figures = judge(rounds)
  const kept = save(
    { redis: 'appendonly yes, appendfsync everysec', figures, rounds },
    'processes-',
  )
  console.log(`\n${table(figures)}\n\nKept in ${kept}.`)
  const isWell = ({ verdict }) => verdict !== 'MISSED' && verdict !== 'left out'
  if (!figures.every(isWell)) process.exitCode = 1
}
