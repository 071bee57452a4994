/** This package in process, by its promise API. */
import CRUDJT, { Store } from 'crudjt'
import { SECRET_KEY } from './terms.mjs'

/** @param {{folder: string, cacheSize?: number}} where */
export async function open({ folder, cacheSize }) {
  const options = { secret_key: SECRET_KEY, cache_size: cacheSize }
  await CRUDJT.Config.startMaster({ ...options, store_jt_path: folder, grpc_port: 0 })
  // Another handle of the same engine, for what only a handle tells.
  const handle = await Store.open({ ...options, path: folder })
  return {
    isSync: false,
    create: CRUDJT.create,
    read: CRUDJT.read,
    dataOf: (found) => found.data,
    update: CRUDJT.update,
    delete: CRUDJT.delete,
    flush: () => handle.flush(),
    /** How many operations are in memtables only. */
    pending: async () => (await handle.stats()).pending,
    stats: () => handle.stats(),
    backup: (target) => handle.backup(target),
    close: async () => {
      await handle.close()
      await CRUDJT.Config.shutdownServer()
    },
  }
}
