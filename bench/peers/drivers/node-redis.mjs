/** Redis through its own client, which pipelines by itself what is called in one turn. */
import { createClient, RESP_TYPES } from 'redis'
import { randomToken } from '../../compare/terms.mjs'
import { packr } from '../../record.mjs'

/** @param {{port: number}} where */
export async function open({ port }) {
  const client = createClient({ socket: { host: '127.0.0.1', port } })
  await client.connect()
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const expiring = (ttl) => (ttl === undefined ? {} : { expiration: { type: 'EX', value: ttl } })
  return {
    isSync: false,
    create: async (data, ttl) => {
      const token = randomToken()
      await client.set(token, packr.pack(data), expiring(ttl))
      return token
    },
    read: (token) => bytes.get(token),
    dataOf: (found) => packr.unpack(found),
    update: async (token, data, ttl) => {
      const options = { ...expiring(ttl), condition: 'XX' }
      return (await client.set(token, packr.pack(data), options)) === 'OK'
    },
    delete: async (token) => (await client.del(token)) === 1,
    close: () => client.close(),
  }
}
