/** The rounds of the bench: which processes run on which folder, and what each round yields. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allocatedBytes } from '../examples/login-server/drive/disk.mjs'

const DAY_SECONDS = 24 * 60 * 60

/**
 * Create, first and repeated read, update, delete, memory; and beside them what packing takes, in a process
 * of its own: after all the others it would be slower and flatter them.
 * @param {number} count of tokens
 */
export const callsRound = (count) =>
  inFolder(async (folder) => {
    const { pack } = await run('pack', count)
    return { ...(await run('calls', join(folder, 'store'), count)), pack }
  })

/** Tokens with a ttl: bytes on disk after close, reads in a fresh process, opening after a kill. */
export const storedRound = (count) =>
  inFolder(async (folder) => {
    const [store, tokens] = [join(folder, 'store'), join(folder, 'tokens')]
    await run('fill', store, count, DAY_SECONDS, tokens)
    const disk = allocatedBytes(store)
    const { coldRead } = await run('cold', store, tokens)
    return { disk, coldRead, open: await openAfterKill(store) }
  })

/** Sustained creates: their pace, the memory they leave, and opening that store after a kill. */
export const sustainedRound = (count) =>
  inFolder(async (folder) => {
    const store = join(folder, 'store')
    const { create, rss } = await run('fill', store, count, 0)
    return { create, rss, open: await openAfterKill(store) }
  })

async function openAfterKill(store) {
  await run('open', store)
  return (await run('open', store)).open
}

async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'crudjt-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs a round in a process of its own, which prints its result as JSON. */
function run(name, ...args) {
  const file = fileURLToPath(new URL(`rounds/${name}.mjs`, import.meta.url))
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [file, ...args.map(String)], (error, stdout, stderr) => {
      const expected = !error || error.signal === 'SIGKILL'
      if (expected && stdout) resolve(JSON.parse(stdout))
      else reject(new Error(`${name} failed:\n${stderr}`, { cause: error }))
    })
  })
}
