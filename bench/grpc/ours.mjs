/** This package: a master in one process, a client of its batch stream in another. */
import CRUDJT from 'crudjt'
import { LIFETIME, SECRET_KEY } from './terms.mjs'

/** Becomes the master. */
export const serve = (folder, port) =>
  CRUDJT.Config.startMaster({
    secret_key: SECRET_KEY,
    store_jt_path: folder,
    grpc_port: port,
  })

/** @returns the four calls */
export function connect(port) {
  CRUDJT.Config.connectToMaster({ grpc_port: port, local: false })
  return {
    create: (data) => CRUDJT.create(data, LIFETIME),
    read: async (token) => (await CRUDJT.read(token)).data,
    update: (token, data) => CRUDJT.update(token, data, LIFETIME),
    delete: (token) => CRUDJT.delete(token),
    close: () => CRUDJT.Config.disconnect(),
  }
}
