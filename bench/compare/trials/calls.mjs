/** Every call on new tokens, sequential, from the first call of a process on. */
import { loadPeer, PEERS } from '../peers.mjs'
import { phasesOf } from './phases.mjs'
import { expectGone, finish, given, residentBytes } from './trial.mjs'

const { peer, folder, port, count } = given
const open = await loadPeer(peer)
const store = await open({ folder, port })
const result = {}
const tokens = new Array(count)
const phase = phasesOf(store, tokens, count, result)

await phase('create', 'create')
result.rssCreated = residentBytes()
await phase('firstRead', 'read', 'member')
await phase('repeatedRead', 'read', 'member')
if (PEERS[peer].revocable) {
  await phase('update', 'update')
  await phase('updatedRead', 'read', 'editor')
  await phase('delete', 'delete')
  await expectGone(store, tokens[0])
}
result.rss = residentBytes()
await store.close()
finish(result)
