/** The release before this one, in process. */
import { setTimeout as delay } from 'node:timers/promises'
import CRUDJT from 'crudjt-1'
import { SECRET_KEY } from '../../compare/terms.mjs'

/** It writes twice a second and nothing tells when it has; what is not written is lost, at an orderly end too. */
const WRITTEN_MS = 2_000

/** @param {{folder: string, port: number}} where it can't choose a free port by itself */
export async function open({ folder, port }) {
  await CRUDJT.Config.startMaster({
    secret_key: SECRET_KEY,
    store_jt_path: folder,
    grpc_port: port,
  })
  return {
    isSync: false,
    create: CRUDJT.create,
    read: CRUDJT.read,
    dataOf: (found) => found.data,
    update: CRUDJT.update,
    delete: CRUDJT.delete,
    close: async () => {
      await delay(WRITTEN_MS)
      await CRUDJT.Config.shutdownServer()
    },
  }
}
