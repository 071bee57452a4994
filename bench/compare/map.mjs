/** No store at all: a Map of the process that keeps the objects themselves, behind promises as a store's calls are. */
import { randomToken } from './terms.mjs'

export async function open() {
  const map = new Map()
  return {
    isSync: false,
    create: async (data) => {
      const token = randomToken()
      map.set(token, data)
      return token
    },
    read: async (token) => map.get(token) ?? null,
    dataOf: (found) => found,
    update: async (token, data) => {
      const isThere = map.has(token)
      if (isThere) map.set(token, data)
      return isThere
    },
    delete: async (token) => map.delete(token),
    close: async () => {},
  }
}
