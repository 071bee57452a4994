/**
 * Processes killed with SIGKILL in the midst of 64 operations, while they open, recover, rotate,
 * checkpoint, sweep and close: everything acknowledged is there afterwards. CRUDJT_KILLS is the number
 * of kills (default 30).
 */
import test from 'ava'
import { KINDS, killStores } from './stores.js'

const KILLS = Number(process.env.CRUDJT_KILLS ?? 30)
const LONGEST_MS = 12 * 3_600_000

test.serial('what was acknowledged is there after kill -9', async (t) => {
  t.timeout(LONGEST_MS)
  const tally = await killStores(KILLS)
  for (const line of tally.lines) t.log(line)
  t.deepEqual(tally.findings, [])
  t.deepEqual(tally.missing, [], 'never killed there')
  t.true(tally.swept > 0, 'no sweep had anything to do')
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
