/** `crudjt serve`: serving, logging, stopping, and failing to start. */
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { Store } from 'crudjt'
import { COMMAND, crudjt, type Ended, launch, type Server, serve } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'
import { KEY, OTHER_KEY } from '../helpers/keys.js'

/**
 * An unprivileged user for the tests of permissions, if they run as root. Undefined where other users
 * cannot read the package; the tests that need one are skipped then.
 */
const NOBODY = process.getuid?.() === 0 && isOpenToAll(__dirname) ? 65534 : undefined

/** The only line of a server that could not start. */
function onlyLine({ stdout, stderr }: Ended): Record<string, unknown> {
  const lines = stdout.trimEnd().split('\n')
  if (lines.length !== 1 || stderr !== '') throw new Error(`not one line: ${stdout}${stderr}`)
  return JSON.parse(lines[0] as string)
}

test('clients are served, and their tokens survive a restart', async (t) => {
  await inFolder(async (folder) => {
    const env = { CRUDJT_STORE: join(folder, 'store'), CRUDJT_SECRET_KEY: KEY }
    const data = { user: 42, mark: 'Zaphod' }
    const first = await serve([], { env })
    const client = await Store.connect(first.at)
    const token = await client.create(data, { ttl: 60 })
    await client.close()
    const { status, stdout } = await first.stop()
    t.is(status, 0)
    const second = await serve([], { env })
    const again = await Store.connect(second.at)
    t.deepEqual((await again.read(token))?.data, data)
    await again.close()
    t.is((await second.stop('SIGINT')).status, 0)
    for (const secret of [token, 'Zaphod', KEY]) t.false(stdout.includes(secret))
    const events = stdout.trimEnd().split('\n')
    t.deepEqual(
      events.map((line) => JSON.parse(line).event),
      ['started', 'stopping', 'stopped'],
    )
  })
})

test('options reach the store: max_data_size, an access key, a Unix socket', async (t) => {
  await inFolder(async (folder) => {
    const host = `unix:${join(folder, 'socket')}`
    const secret = join(folder, 'secret')
    const access = join(folder, 'access')
    writeFileSync(secret, `${KEY}\n`)
    writeFileSync(access, 'let-me-in\n')
    const files = ['--secret-file', secret, '--access-key-file', access]
    const places = ['--store', join(folder, 'store'), '--host', host]
    const server = await serve([...places, ...files, '--max-data-size', '1000'])
    const client = await Store.connect({ grpc_host: host, access_key: 'let-me-in' })
    const data = { text: 'x'.repeat(900) }
    t.deepEqual(await client.read(await client.create(data)), { data })
    await client.close()
    const stranger = await Store.connect({ grpc_host: host })
    await t.throwsAsync(stranger.create({}), { code: 'ERR_CRUDJT_UNAUTHENTICATED' })
    await stranger.close()
    const { status, stdout } = await server.stop()
    t.is(status, 0)
    t.false(stdout.includes('let-me-in'))
  })
})

test('acknowledged calls survive a stop, whatever was in flight', async (t) => {
  await inFolder(async (folder) => {
    const env = { CRUDJT_STORE: join(folder, 'store'), CRUDJT_SECRET_KEY: KEY }
    const server = await serve([], { env })
    const client = await Store.connect({ ...server.at, timeout_ms: 10_000 })
    let over: Promise<unknown> | undefined
    const kept: string[] = []
    const enough = new Promise<void>((resolve) => {
      const keep = (token: string) => kept.push(token) === 1000 && resolve()
      const visit = async (visitor: number) => {
        for (;;) keep(await client.create({ visitor }))
      }
      over = Promise.allSettled(Array.from({ length: 32 }, (_, visitor) => visit(visitor)))
    })
    await Promise.race([enough, over])
    t.is((await server.stop()).status, 0)
    await over
    await client.close()
    const store = await Store.open({ path: env.CRUDJT_STORE, secret_key: KEY })
    t.true(kept.length >= 1000)
    t.true(kept.every((token) => store.readSync(token) !== null))
    await store.close()
  })
})

test('a list of secrets opens the tokens of all of them, even if one is wrapped', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const older = await Store.open({ path, secret_key: KEY })
    const token = await older.create({ a: 1 })
    await older.close()
    const file = join(folder, 'secret')
    writeFileSync(file, `${OTHER_KEY.slice(0, 40)}\n${OTHER_KEY.slice(40)}\n,\n${KEY}\n`)
    const env = { CRUDJT_SECRET_KEY: 'the option comes first' }
    const server = await serve(['--store', path, '--secret-file', file], { env })
    const client = await Store.connect(server.at)
    t.deepEqual(await client.read(token), { data: { a: 1 } })
    await client.close()
    t.is((await server.stop()).status, 0)
  })
})

test('events of the store are logged as warnings with their codes', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const older = await Store.open({ path, secret_key: KEY })
    await older.create({ a: 1 })
    await older.close()
    const env = { CRUDJT_SECRET_KEY: OTHER_KEY, CRUDJT_HOST: '0.0.0.0' }
    const server = await serve(['--store', path], { env })
    t.like(await server.line('CRUDJT_NEW_KEY'), { level: 'warn' })
    t.like(await server.line('CRUDJT_OPEN_PORT'), { level: 'warn' })
    t.is((await server.stop()).status, 0)
  })
})

for (const [name, env, says] of [
  ['no secret', {}, /^No secret key: generate one with npx crudjt keygen --out FILE/],
  ['a missing secret file', { CRUDJT_SECRET_FILE: '/no/such' }, /no file \/no\/such: generate/],
  ['a secret file that is a folder', { CRUDJT_SECRET_FILE: '/' }, /^\/ is a folder/],
  [
    'a blank secret file',
    { CRUDJT_SECRET_FILE: '/dev/null' },
    /^Invalid secret key in \/dev\/null: .* is blank/,
  ],
  [
    'a short secret',
    { CRUDJT_SECRET_KEY: 'c2hvcnQ=' },
    /^Invalid secret key in CRUDJT_SECRET_KEY: .*Got 5 bytes/,
  ],
  ['a secret that is not Base64', { CRUDJT_SECRET_KEY: '§ecret' }, /must be a valid Base64 string/],
  [
    'a blank access key',
    { CRUDJT_SECRET_KEY: KEY, CRUDJT_ACCESS_KEY_FILE: '/dev/null' },
    /access key/,
  ],
  ['an invalid port', { CRUDJT_SECRET_KEY: KEY, CRUDJT_PORT: 'http' }, /^CRUDJT_PORT: expected/],
] as const) {
  test(`${name} is reported in one line with status 78`, async (t) => {
    await inFolder(async (folder) => {
      const around = { env: { CRUDJT_STORE: join(folder, 'store'), ...env } }
      const ended = await crudjt(['serve'], around)
      t.is(ended.status, 78)
      const line = onlyLine(ended)
      t.like(line, { level: 'fatal', event: 'failed', status: 78 })
      t.regex(String(line.msg), says)
      for (const secret of [KEY, 'c2hvcnQ', '§ecret']) t.false(ended.stdout.includes(secret))
    })
  })
}

const asOther = process.getuid?.() === 0 && NOBODY === undefined ? test.skip : test

asOther(
  'a folder without write permission is reported with the command that fixes it, status 78',
  async (t) => {
    await inFolder(async (folder) => {
      chmodSync(folder, 0o755)
      const path = join(folder, 'not mine')
      mkdirSync(path, { mode: 0o500 })
      const env = { CRUDJT_STORE: path, CRUDJT_SECRET_KEY: KEY }
      const ended = await crudjt(['serve'], { env, ...(NOBODY && { uid: NOBODY }) })
      t.is(ended.status, 78)
      const fix = NOBODY ? `chown -R ${NOBODY}:${NOBODY} '${path}'` : `chmod -R u+rwX '${path}'`
      t.true(String(onlyLine(ended).msg).includes(fix), ended.stdout)
    })
  },
)

const asRoot = NOBODY === undefined ? test.skip : test

/** Whether every user can traverse the path. */
function isOpenToAll(folder: string): boolean {
  const isOpen = (statSync(folder).mode & 0o001) !== 0
  return isOpen && (dirname(folder) === folder || isOpenToAll(dirname(folder)))
}

asRoot(
  'a file of root in the folder is reported with the command that fixes it, status 78',
  async (t) => {
    await inFolder(async (folder) => {
      const path = join(folder, 'store')
      const store = await Store.open({ path, secret_key: KEY })
      await store.close()
      chmodSync(folder, 0o755)
      chmodSync(path, 0o777)
      const env = { CRUDJT_STORE: path, CRUDJT_SECRET_KEY: KEY }
      const ended = await crudjt(['serve'], { env, ...(NOBODY && { uid: NOBODY }) })
      t.is(ended.status, 78)
      t.regex(String(onlyLine(ended).msg), /run as root: chown -R 65534:65534 \S+\/store /)
      const keys = await crudjt(['keys', path], { ...(NOBODY && { uid: NOBODY }) })
      t.is(keys.status, 78)
      t.regex(keys.stderr, /^crudjt: Permission denied for the store at [^\n]*chown -R 65534:65534/)
    })
  },
)

asRoot('an unreadable secret is reported with the command that fixes it', async (t) => {
  await inFolder(async (folder) => {
    chmodSync(folder, 0o755)
    const file = join(folder, 'secret')
    writeFileSync(file, KEY, { mode: 0o600 })
    const env = { CRUDJT_STORE: join(folder, 'store'), CRUDJT_SECRET_FILE: file }
    const ended = await crudjt(['serve'], { env, ...(NOBODY && { uid: NOBODY }) })
    t.is(ended.status, 78)
    t.regex(
      String(onlyLine(ended).msg),
      /^Permission denied for \S+\/secret: run as root: chown -R 65534/,
    )
  })
})

test('a port or a store that is in use is reported in one line with status 1', async (t) => {
  await inFolder(async (folder) => {
    const env = { CRUDJT_SECRET_KEY: KEY }
    const server = await serve(['--store', join(folder, 'store')], { env })
    const port = String(server.at.grpc_port)
    const other = ['serve', '--store', join(folder, 'other'), '--port', port]
    const same = ['serve', '--store', join(folder, 'store'), '--port', '0']
    for (const [args, says] of [
      [other, /^Can't listen on 127\.0\.0\.1:\d+: the port is in use/],
      [same, /^CRUDJT master already running: the store at /],
    ] as const) {
      const ended = await crudjt(args, { env })
      t.is(ended.status, 1)
      t.regex(String(onlyLine(ended).msg), says)
    }
    t.is((await server.stop()).status, 0)
  })
})

test('a second signal ends a server at once, even while it waits for its store', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const holder = await Store.open({ path, secret_key: KEY })
    const env = { CRUDJT_SECRET_KEY: KEY, CRUDJT_PORT: '0' }
    const args = ['serve', '--store', path, '--lock-wait-ms', '600000', '--log-level', 'debug']
    const waiting = launch([process.execPath, COMMAND, ...args], { env })
    await waiting.line('starting')
    waiting.process.kill('SIGTERM')
    await waiting.line('stopping')
    t.is((await waiting.stop()).signal, 'SIGTERM')
    await holder.close()
  })
})

test('a signal during the start stops the server once it has started', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const holder = await Store.open({ path, secret_key: KEY })
    const env = { CRUDJT_SECRET_KEY: KEY, CRUDJT_PORT: '0' }
    const args = ['serve', '--store', path, '--lock-wait-ms', '30000', '--log-level', 'debug']
    const waiting = launch([process.execPath, COMMAND, ...args], { env })
    await waiting.line('starting')
    waiting.process.kill('SIGTERM')
    await waiting.line('stopping')
    await holder.close()
    await waiting.line('stopped')
    t.is((await waiting.ended).status, 0)
  })
})

/** A server with its secrets in files. */
async function withSecretFiles(
  work: (server: Server, files: { secret: string; access: string }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const files = { secret: join(folder, 'secret'), access: join(folder, 'access') }
    writeFileSync(files.secret, KEY)
    writeFileSync(files.access, 'first-access-key')
    const options = ['--secret-file', files.secret, '--access-key-file', files.access]
    const server = await serve(['--store', join(folder, 'store'), ...options])
    await work(server, files)
    if ((await server.stop()).status !== 0) throw new Error('the server did not stop in order')
  })
}

test('SIGHUP has the secrets read again', async (t) => {
  await withSecretFiles(async (server, { secret, access }) => {
    const before = await Store.connect({ ...server.at, access_key: 'first-access-key' })
    const token = await before.create({ user: 42 })
    await before.close()
    writeFileSync(secret, `${OTHER_KEY},${KEY}`)
    writeFileSync(access, 'second-access-key')
    server.process.kill('SIGHUP')
    await server.line('started', 2)
    const after = await Store.connect({ ...server.at, access_key: 'second-access-key' })
    t.deepEqual((await after.read(token))?.data, { user: 42 })
    await after.close()
    const stranger = await Store.connect({ ...server.at, access_key: 'first-access-key' })
    await t.throwsAsync(stranger.read(token), { code: 'ERR_CRUDJT_UNAUTHENTICATED' })
    await stranger.close()
  })
})

test('secrets that cannot be used leave a server with those that it has', async (t) => {
  await withSecretFiles(async (server, { secret }) => {
    const client = await Store.connect({ ...server.at, access_key: 'first-access-key' })
    const token = await client.create({ user: 42 })
    writeFileSync(secret, 'not a key')
    server.process.kill('SIGHUP')
    const { msg } = await server.line('reload_failed')
    t.true(String(msg).startsWith('The secrets were not replaced: Invalid secret key in '))
    t.false(String(msg).includes('not a key'))
    t.deepEqual((await client.read(token))?.data, { user: 42 })
    await client.close()
  })
})

test('a server that takes new secrets loses no call', async (t) => {
  await withSecretFiles(async (server) => {
    const client = await Store.connect({ ...server.at, access_key: 'first-access-key' })
    let isOver = false
    const tokens = new Set<string>()
    const visit = async () => {
      while (!isOver) tokens.add(await client.create({ user: 42 }))
    }
    const visits = Promise.all(Array.from({ length: 20 }, visit))
    for (let restart = 1; restart <= 5; restart++) {
      server.process.kill('SIGHUP')
      await server.line('started', restart + 1)
    }
    isOver = true
    await t.notThrowsAsync(visits)
    t.is((await client.stats()).live_tokens, tokens.size)
    await client.close()
  })
})
