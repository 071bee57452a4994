/**
 * The bench of the promise API, on tokens of 256 bytes:  npm run bench -- [--rounds 5] [--quick]
 *
 * Every figure is the median of the rounds, each in fresh processes, by the wall clock. The results are
 * printed beside their floors and aims and kept in bench/results; exit status 1 if a floor is missed.
 * `--quick` runs one small round that checks every call's work, and times nothing.
 */
import { parseArgs } from 'node:util'
import { judge, MEASURES, median, table } from './measures.mjs'
import { save } from './results.mjs'
import { callsRound, storedRound, sustainedRound } from './rounds.mjs'

const FULL = { few: 40_000, many: 1_000_000 }
const QUICK = { few: 200, many: 2_000 }
const MIB = 2 ** 20
const MB = 1e6

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, quick: { type: 'boolean', default: false } },
})

if (values.quick) {
  await allRounds(1, QUICK)
  console.log('every round of the bench works')
} else {
  const results = summary(await allRounds(Number(values.rounds), FULL))
  console.log(
    `\nmsgpackr packs the record in ${results.pack.toFixed(2)} µs\n\n${table(results.figures)}\n`,
  )
  console.log(`The engine alone: cargo bench -p crudjt-core. Kept in ${save(results)}.`)
  if (Object.values(results.figures).some(({ verdict }) => verdict === 'MISSED'))
    process.exitCode = 1
}

async function allRounds(rounds, { few, many }) {
  const [calls, stored, sustained] = [[], [], []]
  for (let round = 1; round <= rounds; round++) {
    const progress = (what) => console.log(`round ${round} of ${rounds}: ${what}`)
    progress(`every call on ${few} tokens`)
    calls.push(await callsRound(few))
    progress(`${few} tokens stored, read cold, opened after a kill`)
    stored.push(await storedRound(few))
    progress(`${many} creates`)
    sustained.push(await sustainedRound(many))
  }
  return { calls, stored, sustained }
}

function summary({ calls, stored, sustained }) {
  const of = (rounds, key, unit = 1) =>
    rounds.map((round) => ({ value: round[key] / unit, pack: round.pack }))
  const pace = calls.map((round, i) => ({ value: (round.create / sustained[i].create) * 100 }))
  const others = {
    coldRead: of(stored, 'coldRead'),
    sustained: pace,
    disk: of(stored, 'disk', MIB),
    rss: of(calls, 'rss', MB),
    openSmall: of(stored, 'open'),
    openLarge: of(sustained, 'open'),
  }
  const figures = Object.fromEntries(
    Object.keys(MEASURES).map((key) => [key, judge(key, others[key] ?? of(calls, key))]),
  )
  const pack = median(calls.map((round) => round.pack))
  return { pack, figures, rounds: { calls, stored, sustained } }
}
