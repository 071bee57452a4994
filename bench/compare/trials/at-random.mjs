/** Reads some of very many tokens in random order, in a process that has seen none of them. */
import { readFileSync } from 'node:fs'
import { isRecord } from '../../record.mjs'
import { loadPeer } from '../peers.mjs'
import { randomFrom, shuffled } from './random.mjs'
import { expectAll, finish, given, residentBytes, timed } from './trial.mjs'

const TOKEN_LENGTH = 22

const { peer, folder, port, cacheSize, count, tokensFile, every = 1 } = given
const text = readFileSync(tokensFile, 'latin1')
const all = Math.floor((text.length + 1) / (TOKEN_LENGTH + 1))
// The k-th token of the file; a million strings would be most of the process's memory.
const tokenAt = (k) => text.slice(k * (TOKEN_LENGTH + 1), k * (TOKEN_LENGTH + 1) + TOKEN_LENGTH)
const order = shuffled(all, randomFrom(11)).subarray(0, Math.min(count, all))

const open = await loadPeer(peer)
const store = await open({ folder, port, cacheSize })
const { read, dataOf } = store
const randomRead = await timed(order.length, store.isSync ? readAllSync : readAll)
finish({ randomRead, rss: residentBytes() })

async function readAll() {
  let right = 0
  for (const k of order) {
    if (isRecord(dataOf(await read(tokenAt(k))), k * every, 'member')) right += 1
  }
  expectAll('read', right, order.length)
}

function readAllSync() {
  let right = 0
  for (const k of order) if (isRecord(dataOf(read(tokenAt(k))), k * every, 'member')) right += 1
  expectAll('read', right, order.length)
}
