/** `crudjt health`. */
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { Store } from 'crudjt'
import { crudjt, serve } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { mountSmall, unmount } from '../helpers/mount.js'

/** A port that accepts connections and never replies. */
async function silentPort() {
  const server = createServer((socket) => socket.on('error', () => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, server }
}

/** How programs of this machine reach a server; Windows has no local sockets. */
const LOCAL = process.platform === 'win32' ? 'gRPC' : 'the local socket'

test('a server that serves is healthy, also to a client without its access key', async (t) => {
  await inFolder(async (folder) => {
    const env = { CRUDJT_SECRET_KEY: KEY, CRUDJT_ACCESS_KEY: 'let-me-in' }
    const server = await serve(['--store', join(folder, 'store')], { env })
    const port = String(server.at.grpc_port)
    for (const around of [
      { env: { CRUDJT_PORT: port } },
      { env: { CRUDJT_DOCKER_HOST: '0.0.0.0', CRUDJT_DOCKER_PORT: port } },
    ]) {
      const { status, stdout, stderr } = await crudjt(['health'], around)
      t.deepEqual(
        { status, stdout, stderr },
        { status: 0, stdout: `SERVING at 127.0.0.1:${port}, by ${LOCAL}\n`, stderr: '' },
      )
    }
    await server.stop()
    const { status, stderr } = await crudjt(['health', '--port', port])
    t.is(status, 1)
    t.regex(
      stderr,
      /^crudjt: no healthy server at 127\.0\.0\.1:\d+: nothing is listening there[^\n]*\n$/,
    )
  })
})

test('a server at a Unix socket is healthy', async (t) => {
  await inFolder(async (folder) => {
    const host = `unix:${join(folder, 'socket')}`
    const env = { CRUDJT_SECRET_KEY: KEY, CRUDJT_HOST: host }
    const server = await serve(['--store', join(folder, 'store')], { env })
    const { status, stdout } = await crudjt(['health', '--host', host])
    t.is(status, 0)
    t.is(stdout, `SERVING at ${host}, by ${LOCAL}\n`)
    await server.stop()
  })
})

test('a port that never replies is unhealthy at the deadline', async (t) => {
  const { port, server } = await silentPort()
  const { status, stderr } = await crudjt(['health', '--port', `${port}`, '--timeout-ms', '200'])
  t.is(status, 1)
  t.regex(stderr, /^crudjt: no healthy server at [^\n]+: no reply within 200 ms\n$/)
  server.close()
})

test('a store that lost tokens to damage is degraded, also after a restart', async (t) => {
  await inFolder(async (folder) => {
    const env = { CRUDJT_SECRET_KEY: KEY }
    const store = join(folder, 'store')
    await (await serve(['--store', store], { env })).stop()
    // What a rebuilding leaves beside the new file.
    await writeFile(join(store, 'records.damaged'), 'blocks')
    const server = await serve(['--store', store], { env })
    const port = String(server.at.grpc_port)
    const { status, stdout } = await crudjt(['health', '--port', port])
    t.is(status, 3)
    t.regex(
      stdout,
      /^DEGRADED at 127\.0\.0\.1:\d+, by [^:]+: the store is damaged[^\n]+`crudjt verify`[^\n]+\n$/,
    )
    const { status: told, stdout: json } = await crudjt(['health', '--port', port, '--json'])
    t.is(told, 3)
    t.is(JSON.parse(json).status, 'DEGRADED')
    await server.stop()
    const verified = await crudjt(['verify', store], { env })
    t.is(verified.status, 3, 'both agree')
    t.regex(
      verified.stdout,
      /^Sound, but it has lost tokens before: .*remove records\.damaged to accept/s,
    )
  })
})

test('a full disk is degraded until there is space again', async (t) => {
  await inFolder(async (folder) => {
    if (!mountSmall(folder, 120 << 10)) {
      t.pass('this process may not mount a tmpfs')
      return
    }
    try {
      const filler = join(folder, 'filler')
      const server = await serve(['--store', join(folder, 'store')], {
        env: { CRUDJT_SECRET_KEY: KEY, CRUDJT_MAX_DATA_SIZE: '65536' },
      })
      const port = String(server.at.grpc_port)
      const store = await Store.connect(server.at)
      // Until the next segment finds no space.
      await t.throwsAsync(async () => {
        await writeFile(filler, Buffer.alloc(120 << 20))
      })
      await t.throwsAsync(
        async () => {
          for (;;) await store.create({ text: 'x'.repeat(60_000) })
        },
        { code: 'ERR_CRUDJT_FULL' },
      )
      const full = await crudjt(['health', '--port', port, '--timeout-ms', '60000'])
      t.deepEqual([full.status, full.stdout.split(': ')[1]], [3, 'the disk is full'])
      await rm(filler)
      let health = full
      while (health.status === 3) {
        health = await crudjt(['health', '--port', port, '--timeout-ms', '60000'])
      }
      t.is(health.status, 0, health.stderr)
      t.is(typeof (await store.create({ text: 'again' })), 'string')
      await store.close()
      await server.stop()
    } finally {
      unmount(folder)
    }
  })
})
