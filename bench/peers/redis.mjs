/**
 * Redis, a server written in C, through ioredis: what a session store on Redis does for each call.
 *
 * What it does not do: it seals nothing and holds all data in memory; a command lost with its connection is
 * sent again by ioredis and may be carried out twice; reads are not counted and do not tell what is left of
 * a lifetime; data is not checked.
 */
import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { Packr } from 'msgpackr' // this project's own, so that both pack alike
import { LIFETIME } from '../grpc/terms.mjs'

const packr = new Packr({ useRecords: false, variableMapSize: true })

/**
 * @param {{host: string, port: number} | {path: string}} address
 * @returns the four calls, one command each
 */
export async function connect(address, { enableAutoPipelining }) {
  const redis = new Redis({ ...address, lazyConnect: true, enableAutoPipelining })
  await redis.connect()
  return {
    create: async (data) => {
      const token = randomBytes(16).toString('base64url')
      await redis.set(token, packr.pack(data), 'EX', LIFETIME)
      return token
    },
    read: async (token) => packr.unpack(await redis.getBuffer(token)),
    update: async (token, data) =>
      (await redis.set(token, packr.pack(data), 'EX', LIFETIME, 'XX')) === 'OK',
    delete: async (token) => (await redis.del(token)) === 1,
    close: () => redis.quit(),
  }
}
