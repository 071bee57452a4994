/** How each peer is reached from another process, by its name; loaded only when it is needed. */
import { LIFETIME, SECRET_KEY } from '../grpc/terms.mjs'

/** @param {object} options of `Store.connect` beside the port */
const ours = (options) => async (where) => {
  const { Store } = await import('crudjt')
  const store = await Store.connect({ grpc_port: where.port, ...options })
  return {
    create: (data) => store.create(data, LIFETIME),
    read: async (token) => (await store.read(token)).data,
    update: (token, data) => store.update(token, data, LIFETIME),
    delete: (token) => store.delete(token),
    close: () => store.close(),
  }
}

const redis = (addressOf, settings) => async (where) => {
  const { connect } = await import('../peers/redis.mjs')
  return connect(addressOf(where), settings)
}
const tcp = ({ redisPort }) => ({ host: '127.0.0.1', port: redisPort })
const unix = ({ redisPath }) => ({ path: redisPath })

/** LMDB is no server: each process maps the same files. Behind promises, as the calls of the others are. */
async function lmdb({ folder }) {
  const { open } = await import('../peers/drivers/lmdb.mjs')
  const store = await open({ folder })
  return {
    ...store.awaited,
    read: async (token) => store.read(token),
    close: store.close,
  }
}

/** Each takes where the servers are and resolves to the four calls. */
export const DRIVERS = {
  ours: ours({}),
  stream: ours({ local: false }),
  redis: redis(tcp, { enableAutoPipelining: false }),
  redisUnix: redis(unix, { enableAutoPipelining: false }),
  pipelined: redis(tcp, { enableAutoPipelining: true }),
  lmdb,
}

/** Becomes the master. @param {object} options of `startMaster` beside these */
export async function serve(folder, port, options) {
  const { default: CRUDJT } = await import('crudjt')
  const place = { secret_key: SECRET_KEY, store_jt_path: folder, grpc_port: port }
  await CRUDJT.Config.startMaster({ ...place, ...options })
  return CRUDJT
}
