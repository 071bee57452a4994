/** Servers that are stopped in order and started again under load: no call is lost or left in doubt. */
import { join } from 'node:path'
import test from 'ava'
import { Store } from 'crudjt'
import { serve } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { placeOf } from '../helpers/masters.js'

const RESTARTS = 8
const CALLERS = 20
const HOUR = 3_600_000

const transports = process.platform === 'win32' ? (['grpc'] as const) : (['grpc', 'local'] as const)

for (const transport of transports) {
  test(`SIGTERM under load leaves no call in doubt: ${transport}`, async (t) => {
    await inFolder(async (folder) => {
      const store = join(folder, 'store')
      const place = placeOf(store)
      const args = ['--store', store, '--host', place.grpc_host, '--port', String(place.grpc_port)]
      const start = () => serve(args, { env: { CRUDJT_SECRET_KEY: KEY } })
      let server = await start()
      const options = { ...place, timeout_ms: HOUR }
      await using client = await Store.connect(
        transport === 'grpc' ? { ...options, local: false } : options,
      )
      let isOver = false
      let tokens = 0
      const call = async () => {
        while (!isOver) {
          const token = await client.create({ n: 0 })
          tokens++
          t.true(await client.update(token, { n: 1 }))
          t.deepEqual((await client.read(token))?.data, { n: 1 })
        }
      }
      const calls = Promise.all(Array.from({ length: CALLERS }, call))
      for (let restart = 0; restart < RESTARTS; restart++) {
        const before = tokens
        while (tokens < before + 10 * CALLERS) await new Promise(setImmediate)
        t.is((await server.stop()).status, 0)
        server = await start()
      }
      isOver = true
      await t.notThrowsAsync(calls)
      const { live_tokens, transport: used } = await client.stats()
      t.deepEqual([live_tokens, used], [tokens, transport])
      await server.stop()
    })
  })
}
