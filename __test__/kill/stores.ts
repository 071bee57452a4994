/** Kills store after store, with every way to work on one and both journal writers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { type Kind, WAYS } from './kind.js'
import { Life } from './life.js'
import { PHASES, type Phase } from './phases.js'
import { Tally } from './tally.js'

/** Kills of one store at most. */
const LIFE = 8
/** Stores that are killed side by side, in the tests and in a long run. */
const LOOPS = { short: 2, long: 6 }
/** If a phase was not met, so many times the kills are enough to fail. */
const MOST = 3
/** After so many kills a long run says how far it is. */
const NOTE = 50

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
  let noted = 0
  let hasFailed = false
  const isOver = () =>
    hasFailed ||
    tally.findings.length > 0 ||
    begun >= MOST * kills ||
    (tally.kills >= kills && tally.missing.length === 0 && tally.swept > 0)
  const loop = async () => {
    while (!isOver()) {
      begun += ofOne
      await live(next.next().value, ofOne, aims, tally).catch((error) => {
        hasFailed = true
        throw error
      })
      if (kills <= NOTE || tally.kills < noted + NOTE) continue
      noted = tally.kills
      console.error(tally.lines.join('\n'))
    }
  }
  await Promise.all(Array.from({ length: kills > NOTE ? LOOPS.long : LOOPS.short }, loop))
  return tally
}

/** One store; it is kept if there is something to find out. */
async function live(kind: Kind, kills: number, aims: Iterator<Phase>, tally: Tally): Promise<void> {
  const folder = newFolder()
  const life = new Life(folder, kind, tally)
  let isKept = true
  try {
    await killOne(life, kills, aims)
    isKept = life.log.findings.length > 0 && kind.lie === undefined
  } finally {
    await life.abandon()
    if (isKept) {
      writeFileSync(join(folder, 'lines'), life.log.lines.join('\n'))
      console.error(`${JSON.stringify(kind)}: the store and what was said is in ${folder}`)
    } else removeFolder(folder)
  }
}

/** Each kill is looked at by the process after it, the last by one that closes the store. */
async function killOne(life: Life, kills: number, aims: Iterator<Phase>): Promise<void> {
  for (let kill = 0; kill < kills && life.log.findings.length === 0; kill++) {
    const aim = aims.next().value as Phase
    if (aim === 'opening' && life.isDirty) await life.closeInOrder()
    if (aim === 'recovering' && !life.isDirty) await life.killAt('working')
    await life.killAt(aim)
  }
  await life.end()
}

function shuffled<T>(items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}

/** Gives one after the other in random order, each as often as any other. */
function* dealt<T>(items: readonly T[]): Generator<T, never> {
  for (;;) yield* shuffled(items)
}
