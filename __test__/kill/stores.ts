/** Kills store after store, with every way to work on one and both journal writers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { type Kind, Life, WAYS } from './life.js'
import { PHASES, type Phase } from './phases.js'
import { Tally } from './tally.js'

/** Kills of one store at most. */
const LIFE = 10
/** Stores that are killed side by side. */
const LOOPS = 2
/** If a phase was not met, so many times the kills are enough to fail. */
const MOST = 3
/** How often a long run says how far it is. */
const NOTE = 100

/** Every kind of life there is. */
export const KINDS: Kind[] = WAYS.flatMap((way) => [
  { way, journal: 'mapped' as const },
  { way, journal: 'plain' as const },
])

/** Kills so often and until each phase was met; stops at the first store with a finding. */
export async function killStores(kills: number, kinds = KINDS): Promise<Tally> {
  const tally = new Tally()
  const next = dealt(kinds)
  const aims = dealt(PHASES)
  const ofOne = Math.min(LIFE, Math.ceil(kills / kinds.length))
  let begun = 0
  const isOver = () =>
    tally.findings.length > 0 ||
    begun >= MOST * kills ||
    (tally.kills >= kills && tally.missing.length === 0)
  const loop = async () => {
    while (!isOver()) {
      begun += ofOne
      await live(next.next().value, ofOne, aims, tally)
      if (kills > NOTE && begun % NOTE < ofOne) console.error(tally.lines.join('\n'))
    }
  }
  await Promise.all(Array.from({ length: LOOPS }, loop))
  return tally
}

/** Each kill is looked at by the process after it, the last by one that closes the store. */
async function live(kind: Kind, kills: number, aims: Iterator<Phase>, tally: Tally) {
  const folder = newFolder()
  const life = new Life(folder, kind, tally)
  const { findings, lines } = life.log
  for (let kill = 0; kill < kills && findings.length === 0; kill++) {
    const aim = aims.next().value as Phase
    if (aim === 'opening' && life.isDirty) await life.closeInOrder()
    if (aim === 'recovering' && !life.isDirty) await life.killAt('working')
    await life.killAt(aim)
  }
  await life.end()
  if (findings.length === 0 || kind.lie !== undefined) return removeFolder(folder)
  writeFileSync(join(folder, 'lines'), lines.join('\n'))
  console.error(`${JSON.stringify(kind)}: store and lines are kept in ${folder}`)
}

function shuffled<T>(items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}

/** Gives one after the other in random order, each as often as any other. */
function* dealt<T>(items: readonly T[]): Generator<T, never> {
  for (;;) yield* shuffled(items)
}
