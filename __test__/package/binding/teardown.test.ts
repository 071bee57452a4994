/** However a program or a worker ends short of a kill, its open stores are closed in order. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'ava'
import { newFolder, openStore, SECRET } from './support.js'

const CHILD = join(__dirname, 'teardown-child.cjs')

function runChild(folder: string, how: string): Promise<{ status: number; shown: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [CHILD, folder, how, SECRET], (_, out, err) =>
      resolve({ status: child.exitCode ?? -1, shown: out + err }),
    )
  })
}

/**
 * Whether opening had to take operations over from the journal, as it has not after an orderly
 * close: they are pending, or there was a checkpoint for them already.
 */
async function wasReplayed(folder: string): Promise<boolean | undefined> {
  const store = await openStore(folder)
  const { value } = await store.stats()
  await store.close()
  if (value?.liveTokens !== 10) return undefined
  return value.pending > 0 || value.lastCheckpointAtMs !== undefined
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
    t.is(await wasReplayed(folder), false)
  })
}

test('a kill leaves the operations to the journal', async (t) => {
  const folder = newFolder()
  await runChild(folder, 'kill')
  t.is(await wasReplayed(folder), true)
})
