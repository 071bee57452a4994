/**
 * Processes killed with SIGKILL in the midst of 64 operations, while they open, recover, rotate,
 * checkpoint, sweep and close: everything acknowledged is there afterwards. `npm run soak:kill` kills
 * 2 000 times; CRUDJT_KILLS says how often.
 */
import test from 'ava'
import { inFolder } from '../helpers/folder.js'
import { Life } from './life.js'
import { KINDS, killStores } from './stores.js'
import { Tally } from './tally.js'

const isSoak = process.env.npm_lifecycle_event === 'soak:kill'
const KILLS = Number(process.env.CRUDJT_KILLS ?? (isSoak ? 2000 : 30))
const LONGEST_MS = 12 * 3_600_000

test.serial('everything acknowledged is there after kill -9', async (t) => {
  t.timeout(LONGEST_MS)
  const tally = await killStores(KILLS)
  for (const line of tally.lines) t.log(line)
  t.deepEqual(tally.findings, [])
  t.deepEqual(tally.missing, [], 'never killed there')
  t.true(tally.swept > 0, 'no sweep had anything to do')
  t.true(tally.kills >= KILLS && tally.inFlight > 0 && tally.looked > 0, tally.lines.join('; '))
})

for (const lie of ['lost', 'revived', 'changed'] as const) {
  test.serial(`the kill test finds what was ${lie}`, async (t) => {
    t.timeout(LONGEST_MS)
    const liars = KINDS.filter(({ journal }) => journal === 'mapped')
    const { findings } = await killStores(
      6,
      liars.map((kind) => ({ ...kind, lie })),
    )
    const kinds = new Set(findings.map(({ kind }) => kind))
    t.true(kinds.has(lie), JSON.stringify(findings.slice(0, 5)))
  })
}

/** Operations after which surely some of the tokens from before were changed and deleted. */
const MANY = 3000

test.serial('the kill test notices an older copy of the store', async (t) => {
  t.timeout(LONGEST_MS)
  await inFolder(async (folder) => {
    const life = new Life(folder, { way: 'process', journal: 'mapped' }, new Tally())
    await life.closeInOrder()
    while (life.log.acknowledged < MANY) await life.killAt('sweeping')
    const putBack = life.copy()
    const enough = life.log.acknowledged + MANY
    while (life.log.acknowledged < enough) await life.killAt('sweeping')
    t.deepEqual(life.log.findings, [])
    putBack()
    await life.closeInOrder()
    const kinds = new Set(life.log.findings.map(({ kind }) => kind))
    t.deepEqual([...kinds].sort(), ['changed', 'lost', 'revived'])
  })
})
