/** LMDB through lmdb-js: reads are synchronous, puts are queued and committed by a thread. */
import { open as openEnvironment } from 'lmdb'
import { randomToken } from '../../compare/terms.mjs'

/** @param {{folder: string, settings?: object}} where `settings`: options of lmdb-js */
export async function open({ folder, settings }) {
  const store = openEnvironment({ path: folder, ...settings })
  return {
    isSync: true,
    create: (data) => {
      const token = randomToken()
      store.put(token, data)
      return token
    },
    read: (token) => store.get(token),
    dataOf: (found) => found,
    update: (token, data) => {
      store.put(token, data)
      return true
    },
    delete: (token) => {
      store.remove(token)
      return true
    },
    /** What was put can be read. */
    settle: () => store.committed,
    flush: () => store.flushed,
    close: () => store.close(),
    awaited: {
      create: async (data) => {
        const token = randomToken()
        await store.put(token, data)
        return token
      },
      update: (token, data) => store.put(token, data),
      delete: (token) => store.remove(token),
    },
  }
}
