/**
 * Runs the login service:  node server.mjs --folder /var/lib/login-server --port 3000
 * (or FOLDER and PORT in the environment; port 0 picks a free one). Says where it listens in one line.
 * SIGTERM and SIGINT end it in order: no request is cut off, and all is on the medium.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import CRUDJT from 'crudjt'
import { buildApp } from './app.mjs'
import { openStore } from './store.mjs'

const { values } = parseArgs({ options: { folder: { type: 'string' }, port: { type: 'string' } } })
const folder = values.folder ?? process.env.FOLDER ?? join(tmpdir(), 'crudjt-login-server')
const port = Number(values.port ?? process.env.PORT ?? 3000)

await openStore(folder)
const app = buildApp()
console.log(`listening on ${await app.listen({ host: '127.0.0.1', port })}`)

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await app.close()
    await CRUDJT.Config.shutdownServer()
  })
}
