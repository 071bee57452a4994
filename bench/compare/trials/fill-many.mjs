/** Creates more tokens than are kept at hand; every n-th of them goes to a file. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { recordOf } from '../../record.mjs'
import { loadPeer } from '../peers.mjs'
import { finish, given, residentBytes, timed } from './trial.mjs'

const PIECE = 1_000

const { peer, folder, port, cacheSize, count, tokensFile, every } = given
const open = await loadPeer(peer)
const { create, close } = await open({ folder, port, cacheSize })
const file = openSync(tokensFile, 'w')
let kept = []

const micros = await timed(count, async () => {
  for (let i = 0; i < count; i++) {
    const token = await create(recordOf(i, 'member'))
    if (i % every === 0) keep(token)
  }
})
writeSync(file, kept.join('\n'))
closeSync(file)
const rss = residentBytes()
await close()
finish({ create: micros, rss })

function keep(token) {
  kept.push(token)
  if (kept.length < PIECE) return
  writeSync(file, `${kept.join('\n')}\n`)
  kept = []
}
