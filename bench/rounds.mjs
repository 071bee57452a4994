/** The rounds of the bench: which processes run on which folder, and what each round yields. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allocatedBytes } from '../examples/login-server/drive/disk.mjs'
import { inFolder, runScript } from './fresh.mjs'

const DAY_SECONDS = 24 * 60 * 60

/** How many records are packed to measure the machine. */
const PACKS = 40_000

/**
 * Create, first and repeated read, update, delete, memory.
 * @param {number} count of tokens
 */
export const callsRound = (count) =>
  measured((folder) => run('calls', join(folder, 'store'), count))

/** Tokens with a ttl: bytes on disk after close, reads in a fresh process, opening after a kill. */
export const storedRound = (count) =>
  measured(async (folder) => {
    const [store, tokens] = [join(folder, 'store'), join(folder, 'tokens')]
    await run('fill', store, count, DAY_SECONDS, tokens)
    const disk = allocatedBytes(store)
    const { coldRead } = await run('cold', store, tokens)
    return { disk, coldRead, open: await openAfterKill(store) }
  })

/** Sustained creates: their pace, the memory they leave, and opening that store after a kill. */
export const sustainedRound = (count) =>
  measured(async (folder) => {
    const store = join(folder, 'store')
    const { create, rss } = await run('fill', store, count, 0)
    return { create, rss, open: await openAfterKill(store) }
  })

async function openAfterKill(store) {
  await run('open', store)
  return (await run('open', store)).open
}

/**
 * Works in a folder of its own, and measures the machine right before and right after: shared machines
 * change their pace within a minute. In processes of their own, since beside other work packing would be
 * slower, which would flatter that.
 */
async function measured(work) {
  const { pack: before } = await packRound()
  const result = await inFolder(work)
  const { pack: after } = await packRound()
  return { ...result, pack: (before + after) / 2 }
}

/** What the machine is worth just now: `{pack}` in microseconds. */
export const packRound = () => run('pack', PACKS)

/** Runs a round in a process of its own. */
function run(name, ...args) {
  return runScript(fileURLToPath(new URL(`rounds/${name}.mjs`, import.meta.url)), args)
}
