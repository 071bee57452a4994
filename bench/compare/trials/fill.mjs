/** Fills a store, closes it in order, and leaves the tokens in a file for the next process. */
import { writeFileSync } from 'node:fs'
import { loadPeer } from '../peers.mjs'
import { loopsFor } from './loops.mjs'
import { finish, given, timed } from './trial.mjs'

const { peer, folder, port, count, tokensFile, limits = [] } = given
const open = await loadPeer(peer)
const store = await open({ folder, port })
const tokens = new Array(count)
const fill = () => loopsFor(store).create(store, tokens, count, ...limits)
const create = await timed(count, () => (store.together ?? ((work) => work()))(fill))
await store.flush?.()
await store.close()
writeFileSync(tokensFile, tokens.join('\n'))
finish({ create })
