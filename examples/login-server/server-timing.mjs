/** Reports in the `server-timing` header of each reply how long the store took. */
import { AsyncLocalStorage } from 'node:async_hooks'

const requests = new AsyncLocalStorage()

/** @param {import('crudjt').Store} store @returns the same calls, measured */
export function timed(store) {
  const measured =
    (name) =>
    async (...args) => {
      const start = performance.now()
      const result = await store[name](...args)
      requests.getStore().ms += performance.now() - start
      return result
    }
  const calls = ['create', 'read', 'update', 'delete'].map((name) => [name, measured(name)])
  return Object.fromEntries(calls)
}

/** @param {import('fastify').FastifyInstance} app not yet listening */
export function addServerTiming(app) {
  app.addHook('preHandler', (_request, _reply, done) => requests.run({ ms: 0 }, done))
  app.addHook('onSend', async (_request, reply) => {
    const request = requests.getStore()
    if (request) reply.header('server-timing', `store;dur=${request.ms.toFixed(4)}`)
  })
}
