/**
 * Fills a store through the promise API, sequential and awaited, and closes it in order.
 * node fill.mjs FOLDER COUNT TTL [TOKENS]   TTL in seconds, 0 for none. Writes the tokens to the file TOKENS
 * if given. Prints microseconds a create, and the resident memory after the last.
 */
import { writeFileSync } from 'node:fs'
import CRUDJT from 'crudjt'
import { makeRecord, number } from '../record.mjs'
import { start, timed } from './common.mjs'

const [folder, count, ttl, file] = [
  process.argv[2],
  Number(process.argv[3]),
  Number(process.argv[4]),
  process.argv[5],
]
const record = makeRecord('member')
const tokens = file ? new Array(count) : []

await start(folder)
const create = await timed(count, async () => {
  for (let i = 0; i < count; i++) {
    const token = await CRUDJT.create(number(record, i), ttl || undefined)
    if (file) tokens[i] = token
  }
})
const { rss } = process.memoryUsage()
await CRUDJT.Config.shutdownServer()
if (file) writeFileSync(file, tokens.join('\n'))
console.log(JSON.stringify({ create, rss }))
