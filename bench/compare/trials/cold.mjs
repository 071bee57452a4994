/** Every call on tokens that another process made: nothing of them is in this one's memory. */
import { readFileSync } from 'node:fs'
import { loadPeer } from '../peers.mjs'
import { phasesOf } from './phases.mjs'
import { expectGone, finish, given } from './trial.mjs'

const { peer, folder, port, tokensFile } = given
const tokens = readFileSync(tokensFile, 'utf8').split('\n')
const open = await loadPeer(peer)
const begin = performance.now()
const store = await open({ folder, port })
const result = { open: performance.now() - begin }
const phase = phasesOf(store, tokens, tokens.length, result)

await phase('coldRead', 'read', 'member')
await phase('secondRead', 'read', 'member')
await phase('repeatedRead', 'read', 'member')
await phase('update', 'update')
await phase('updatedRead', 'read', 'editor')
await phase('delete', 'delete')
await expectGone(store, tokens[0])
await store.close()
finish(result)
