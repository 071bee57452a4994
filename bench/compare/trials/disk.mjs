/** What tokens take on the disk when the store is closed: made once, or made and deleted over and over. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { allocatedBytes } from '../../../examples/login-server/drive/disk.mjs'
import { loadPeer } from '../peers.mjs'
import { LIFETIME } from '../terms.mjs'
import { loopsFor } from './loops.mjs'
import { finish, given } from './trial.mjs'

const { peer, folder, port, count, times } = given
const open = await loadPeer(peer)
const store = await open({ folder, port })
const loops = loopsFor(store)
const tokens = new Array(count)

for (let i = 0; i < times; i++) {
  await loops.create(store, tokens, count, LIFETIME)
  await settled()
  if (times > 1) await loops.delete(store, tokens, count)
  await settled()
}
await store.close()
finish({ disk: allocatedBytes(folder) })

/** All of it is where it stays: a checkpoint, where the peer has such a thing. */
async function settled() {
  await store.settle?.()
  await store.flush?.()
  if (times === 1) return
  await store.checkpoint?.()
  if (store.backup === undefined) return
  const copy = join(folder, '..', 'copy')
  await store.backup(copy) // makes a checkpoint first, and is the only call that does
  rmSync(copy, { recursive: true })
}
