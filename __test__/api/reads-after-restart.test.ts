/** Which reads of a store that was opened again are answered from the cache of decoded records. */
import test from 'ava'
import { Store } from 'crudjt'
import { Engine } from '../../build/src/engine/engine.js'
import { BUSY, UNCHANGED } from '../../build/src/engine/native.js'
import { DecodedCache, tokensWithin } from '../../build/src/records/decoded-cache.js'
import { RecordAccess } from '../../build/src/records/record-access.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const USED = 300
const SCANNED = 20_000
const BUDGET = 256 * 1024

const dataOf = (i: number) => ({ id: i, name: `user ${i}`, role: 'member' })

/** Reads with a cache of decoded records, and counts those that decode nothing. */
async function newReader(path: string) {
  const engine = await Engine.open({ path, secretKeys: [KEY] }, tokensWithin(BUDGET), () => {})
  const counted = Object.create(engine) as Engine
  let unchanged = 0
  counted.read = (token) => {
    const answer = engine.read(token)
    if (answer <= UNCHANGED && answer !== BUSY) unchanged += 1
    return answer
  }
  const cache = new DecodedCache(BUDGET, (slot) => engine.forgetBelow(slot))
  const records = new RecordAccess(counted, cache)
  /** Reads tokens in turn; how many reads decoded nothing. */
  const read = (tokens: string[]) => {
    const before = unchanged
    const found = tokens.map((token) => records.read(token))
    return { found, unchanged: unchanged - before }
  }
  return { read, cache, close: () => engine.close() }
}

test('the second read after a restart decodes nothing, and no scan evicts what is used', async (t) => {
  await inFolder(async (path) => {
    const store = await Store.open({ path, secret_key: KEY })
    const tokens = Array.from({ length: SCANNED }, (_, i) => store.createSync(dataOf(i)))
    await store.close()
    const { read, cache, close } = await newReader(path)
    const used = tokens.slice(0, USED)
    t.is(read(used).unchanged, 0)
    const second = read(used)
    t.is(second.unchanged, USED)
    t.deepEqual(
      second.found,
      used.map((_, i) => ({ data: dataOf(i) })),
    )
    t.is(read(tokens.slice(USED)).unchanged, 0)
    t.true(cache.bytes <= BUDGET)
    t.is(read(used).unchanged, USED)
    await close()
  })
})
