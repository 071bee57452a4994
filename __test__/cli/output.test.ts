/** Output that cannot be written, and `--json`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Store } from 'crudjt'
import { COMMAND, crudjt, runToEnd, serve } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const env = { CRUDJT_SECRET_KEY: KEY }

/** A command line in a shell: the command is "$@", and `tail` says where its output goes. */
function inShell(args: readonly string[], tail: string) {
  return runToEnd(['sh', '-c', `"$@" ${tail}`, 'sh', process.execPath, COMMAND, ...args], { env })
}

const posix = process.platform === 'win32' ? test.skip : test
const withFullDevice = existsSync('/dev/full') ? test : test.skip

/** Runs a test on the path of a sound store. */
async function withStore(body: (path: string, folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const store = await Store.open({ path, secret_key: KEY })
    await store.create({ a: 1 })
    await store.close()
    await body(path, folder)
  })
}

posix('a reader that has gone is no failure, of any command', async (t) => {
  await withStore(async (path, folder) => {
    const commands = [
      ['verify', path],
      ['verify', path, '--json'],
      ['keys', path],
      ['compact', path],
      ['backup', path, join(folder, 'copy')],
      ['repair', path],
      ['keygen'],
      ['keygen', '--out', join(folder, 'key')],
      ['--help'],
      ['verify', '--help'],
      ['--version'],
    ]
    for (const args of commands) {
      // The first command in braces waits until the reader has gone.
      const status = join(folder, 'status')
      const script = `{ sleep 0.2; "$@"; echo $? > '${status}'; } | true; cat '${status}'`
      const { stdout, stderr } = await runToEnd(
        ['sh', '-c', script, 'sh', process.execPath, COMMAND, ...args],
        { env },
      )
      t.deepEqual([stdout, stderr], ['0\n', ''], args.join(' '))
    }
  })
})

posix('an error message that cannot be written leaves the exit status as it is', async (t) => {
  const { status } = await inShell(['nothing'], '2>&-')
  t.is(status, 64)
})

withFullDevice(
  'a report that a full disk does not take ends with status 74 in one line',
  async (t) => {
    await withStore(async (path) => {
      for (const args of [['verify', path], ['keygen'], ['keys', path], ['--version']]) {
        const { status, stderr } = await inShell(args, '> /dev/full')
        t.is(status, 74, args.join(' '))
        t.regex(stderr, /^crudjt: Cannot write to standard output: ENOSPC[^\n]*\n$/)
      }
      const failed = await inShell(['verify', join(path, 'none')], '> /dev/full')
      t.is(failed.status, 78)
    })
  },
)

withFullDevice('a server whose log cannot be written goes on serving', async (t) => {
  await inFolder(async (folder) => {
    const socket = `unix:${join(folder, 'socket')}`
    const args = ['serve', '--store', join(folder, 'store'), '--host', socket]
    const full = openSync('/dev/full', 'w')
    const server = spawn(process.execPath, [COMMAND, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', full, 'inherit'],
    })
    const client = await Store.connect({ grpc_host: socket, timeout_ms: 60_000 })
    const token = await client.create({ a: 1 })
    t.deepEqual(await client.read(token), { data: { a: 1 } })
    await client.close()
    server.kill('SIGTERM')
    t.deepEqual(await once(server, 'exit'), [0, null])
    closeSync(full)
  })
})

test('health prints JSON, whether the server serves or not', async (t) => {
  await inFolder(async (folder) => {
    const server = await serve(['--store', join(folder, 'store')], { env })
    const address = `127.0.0.1:${server.at.grpc_port}`
    const patience = ['--timeout-ms', '60000']
    const args = ['health', '--json', '--port', String(server.at.grpc_port), ...patience]
    const healthy = await crudjt(args)
    t.is(healthy.status, 0)
    const transport = process.platform === 'win32' ? 'grpc' : 'local'
    t.deepEqual(JSON.parse(healthy.stdout), { address, transport, status: 'SERVING' })
    await server.stop()
    const { status, stdout, stderr } = await crudjt(args)
    t.deepEqual([status, stderr], [1, ''])
    t.like(JSON.parse(stdout), { address, status: null })
    t.regex(JSON.parse(stdout).reason, /^nothing is listening/)
  })
})

test('keygen prints JSON, without the key if that goes to a file', async (t) => {
  await inFolder(async (folder) => {
    const printed = JSON.parse((await crudjt(['keygen', '--json', '--bytes', '48'])).stdout)
    t.is(printed.bytes, 48)
    t.is(Buffer.from(printed.secret_key, 'base64').length, 48)
    const path = join(folder, 'key')
    const written = await crudjt(['keygen', '--json', '--out', path])
    t.deepEqual(JSON.parse(written.stdout), { path, bytes: 32 })
  })
})
