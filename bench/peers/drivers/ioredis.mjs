/** Redis through ioredis. */
import { Redis } from 'ioredis'
import { randomToken } from '../../compare/terms.mjs'
import { packr } from '../../record.mjs'

/** @param {{port: number, pipelined?: boolean}} where */
export async function open({ port, pipelined = false }) {
  const options = { host: '127.0.0.1', port, lazyConnect: true, enableAutoPipelining: pipelined }
  const redis = new Redis(options)
  await redis.connect()
  const set = (token, data, ttl, ...more) => {
    const bytes = packr.pack(data)
    return ttl === undefined
      ? redis.set(token, bytes, ...more)
      : redis.set(token, bytes, 'EX', ttl, ...more)
  }
  return {
    isSync: false,
    create: async (data, ttl) => {
      const token = randomToken()
      await set(token, data, ttl)
      return token
    },
    read: (token) => redis.getBuffer(token),
    dataOf: (found) => packr.unpack(found),
    update: async (token, data, ttl) => (await set(token, data, ttl, 'XX')) === 'OK',
    delete: async (token) => (await redis.del(token)) === 1,
    close: () => redis.quit(),
  }
}
