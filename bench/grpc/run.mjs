/**
 * The bench between processes, against the older implementation and against Redis:
 *   npm run bench:grpc -- [--rounds 5] [--quick]
 *
 * Master and client are two processes on loopback; every call carries the record of 256 bytes; all that the
 * batch stream does so that a call is carried out exactly once is on. Prints every figure beside its floor
 * and its aim and keeps them in bench/results; exit status 1 if a floor is missed or a peer left out.
 * `--quick` checks that every driver works, with the peers that are there, and times nothing.
 */
import { parseArgs } from 'node:util'
import { save } from '../results.mjs'
import { judge, table } from './measures.mjs'
import { prepare } from './prepare.mjs'
import { round } from './rounds.mjs'

const FULL = { slow: 2_000, one: 6_000, many: 100_000 }
const QUICK = { slow: 50, one: 50, many: 600 }

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, quick: { type: 'boolean', default: false } },
})
const peers = prepare(!values.quick)

if (values.quick) {
  await round(peers, QUICK)
  console.log('every driver that is there works')
} else {
  const rounds = []
  for (let i = 1; i <= Number(values.rounds); i++) {
    console.log(`round ${i} of ${values.rounds}`)
    rounds.push(await round(peers, FULL))
  }
  const figures = judge(rounds)
  const redis = 'appendonly yes, appendfsync everysec'
  console.log(`\n${table(figures)}\n\nKept in ${save({ redis, figures, rounds }, 'grpc-')}.`)
  const isWell = ({ verdict }) => verdict !== 'MISSED' && verdict !== 'left out'
  if (!figures.every(isWell)) process.exitCode = 1
}
