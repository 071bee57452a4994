/**
 * The implementation before this one: its own master and its own client, one unary call of gRPC each.
 *
 * What it does not do: it answers before anything is on the medium and never waits for room, so it has no
 * durable calls; a call that is lost on the way is carried out twice or never; data is at most 256 bytes;
 * reads are answered from a cache of the master's JavaScript of 40 000 tokens.
 */
import CRUDJT from 'crudjt-1'
import { LIFETIME, SECRET_KEY } from '../grpc/terms.mjs'

/** Becomes the master. */
export const serve = (folder, port) =>
  CRUDJT.Config.startMaster({
    secret_key: SECRET_KEY,
    store_jt_path: folder,
    grpc_port: port,
  })

/** @returns the four calls; they reach any master, for all have the same unary methods */
export function connect(port) {
  CRUDJT.Config.connectToMaster({ grpc_port: port })
  return {
    create: (data) => CRUDJT.create(data, LIFETIME),
    read: async (token) => (await CRUDJT.read(token)).data,
    update: (token, data) => CRUDJT.update(token, data, LIFETIME),
    delete: (token) => CRUDJT.delete(token),
    close: () => CRUDJT.Config.stub().close(),
  }
}
