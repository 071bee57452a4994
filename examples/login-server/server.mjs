/**
 * Runs the login service:  node server.mjs --folder /var/lib/login-server --port 3000
 * (or FOLDER and PORT in the environment; port 0 picks a free one).
 * SIGTERM and SIGINT stop it gracefully: in-flight requests complete, and everything is flushed to disk.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildApp } from './app.mjs'
import { addServerTiming, timed } from './server-timing.mjs'
import { openStore } from './store.mjs'

const { values } = parseArgs({ options: { folder: { type: 'string' }, port: { type: 'string' } } })
const folder = values.folder ?? process.env.FOLDER ?? join(tmpdir(), 'crudjt-login-server')
const port = Number(values.port ?? process.env.PORT ?? 3000)

const store = await openStore(folder)
const app = buildApp(timed(store))
addServerTiming(app)
console.log(`listening on ${await app.listen({ host: '127.0.0.1', port })}`)

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await app.close()
    await store.close()
  })
}
