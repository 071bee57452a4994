/** However a program or a worker ends short of a kill, its open stores are closed in order. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'ava'
import { newFolder, openStore, SECRET } from './support'

const CHILD = join(__dirname, 'teardown-child.cjs')

function runChild(folder: string, how: string): Promise<{ status: number; shown: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [CHILD, folder, how, SECRET], (_, out, err) =>
      resolve({ status: child.exitCode ?? -1, shown: out + err }),
    )
  })
}

/** How many operations opening had to take over from the journal: none after an orderly close. */
async function leftInJournal(folder: string): Promise<number> {
  const store = await openStore(folder)
  const stats = await store.stats()
  await store.close()
  return stats.value?.liveTokens === 10 ? (stats.value.pending ?? -1) : -1
}

for (const [how, status] of [
  ['end', 0],
  ['exit', 3],
  ['exit-in-listener', 0],
  ['throw', 1],
  ['worker-end', 0],
  ['worker-exit', 0],
  ['worker-terminate', 0],
  ['exit-beside-worker', 0],
] as const) {
  test(`in order: ${how}`, async (t) => {
    const folder = newFolder()
    const ended = await runChild(folder, how)
    t.is(ended.status, status, ended.shown)
    t.notRegex(ended.shown, /could not be closed/)
    t.is(await leftInJournal(folder), 0)
  })
}

test('a kill leaves the operations to the journal', async (t) => {
  const folder = newFolder()
  await runChild(folder, 'kill')
  t.is(await leftInJournal(folder), 10)
})
