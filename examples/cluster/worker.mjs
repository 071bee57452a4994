/** A worker: an HTTP server whose sessions are in the primary's store. Each response names the worker. */
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Store } from 'crudjt'

const { GRPC_HOST, GRPC_PORT } = process.env
const store = await Store.connect({ grpc_host: GRPC_HOST, grpc_port: Number(GRPC_PORT) })

const routes = {
  'POST /login': async () => [200, await store.create({ user: 'ada' }, { ttl: 600 })],
  'GET /page': async (token) => {
    const session = await store.read(token)
    return session ? [200, `Hello ${session.data.user}`] : [401, 'not logged in']
  },
  'POST /logout': async (token) => ((await store.delete(token)) ? [204] : [401]),
}

const server = createServer(async ({ method, url, headers }, response) => {
  const route = routes[`${method} ${url}`] ?? (async () => [404])
  const [status, text] = await route(headers.authorization).catch(() => [503])
  response.writeHead(status, { 'x-worker': cluster.worker.id }).end(text)
})
server.listen(0, '127.0.0.1')

await once(process, 'SIGTERM')
server.close()
await store.close()
cluster.worker.disconnect()
