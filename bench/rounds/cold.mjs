/**
 * Reads every token of a store once, in a process that has never seen them.
 * node cold.mjs FOLDER TOKENS   Prints microseconds a read.
 */
import { readFileSync } from 'node:fs'
import CRUDJT from 'crudjt'
import { isRecord } from '../record.mjs'
import { expectAll, start, timed } from './common.mjs'

const [folder, file] = process.argv.slice(2)
const tokens = readFileSync(file, 'utf8').split('\n')

await start(folder)
const coldRead = await timed(tokens.length, async () => {
  let right = 0
  for (let i = 0; i < tokens.length; i++) {
    const found = await CRUDJT.read(tokens[i])
    if (isRecord(found.data, i, 'member')) right += 1
  }
  expectAll('cold read', right, tokens.length)
})
await CRUDJT.Config.shutdownServer()
console.log(JSON.stringify({ coldRead }))
