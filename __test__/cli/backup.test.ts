/** `crudjt backup`: copies of a store in use, made by its master, and of one that is not in use. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import test from 'ava'
import { Store } from 'crudjt'
import { crudjt, serve } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const env = { CRUDJT_SECRET_KEY: KEY }
const sortedNames = (folder: string) => readdirSync(folder).sort()

async function readAll(path: string, tokens: string[]): Promise<unknown[]> {
  const store = await Store.open({ path, secret_key: KEY })
  const sessions = await Promise.all(tokens.map((token) => store.read(token)))
  await store.close()
  return sessions.map((session) => session?.data.at)
}

test('a server copies its store while it is written to; the restored copy has every change acknowledged before', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const target = join(folder, 'copy')
    const server = await serve(['--store', path], {
      env: { ...env, CRUDJT_ACCESS_KEY: 'let-me-in' },
    })
    const client = await Store.connect({
      ...server.at,
      access_key: 'let-me-in',
      timeout_ms: 60_000,
    })
    const tokens = await Promise.all(Array.from({ length: 2000 }, (_, at) => client.create({ at })))
    await client.delete(tokens[0] as string)
    const later: string[] = []
    let isOver = false
    const write = async () => {
      while (!isOver) later.push(await client.create({ at: -1 }))
    }
    const writing = Promise.all([write(), write()])
    const at = ['--port', `${server.at.grpc_port}`]
    const patient = { env: { CRUDJT_TIMEOUT_MS: '60000' } }
    const refused = await crudjt(['backup', path, target, ...at], patient)
    t.is(refused.status, 1)
    t.regex(refused.stderr, /^crudjt: The master at [^\n]* requires its access key[^\n]*\n$/)
    t.false(existsSync(target))
    const { status, stdout, stderr } = await crudjt(
      ['backup', relative(process.cwd(), path), relative(process.cwd(), target), ...at],
      { env: { CRUDJT_ACCESS_KEY: 'let-me-in', CRUDJT_TIMEOUT_MS: '60000' } },
    )
    t.deepEqual([status, stderr], [0, ''])
    t.regex(stdout, /^Copied [\d,]+ records of \S+ into \S+ \([\d.]+ [KM]iB\)\n$/)
    isOver = true
    await writing
    await client.close()
    await server.stop('SIGKILL')
    t.deepEqual(
      sortedNames(path).filter((name) => name.startsWith('ticket')),
      [],
    )
    rmSync(path, { recursive: true })
    const restored = await serve(['--store', target], { env })
    const again = await Store.connect({ ...restored.at, timeout_ms: 60_000 })
    const sessions = await Promise.all(tokens.map((token) => again.read(token)))
    t.deepEqual(
      sessions.map((session) => session?.data.at),
      tokens.map((_, at) => (at === 0 ? undefined : at)),
    )
    await again.close()
    await restored.stop()
  })
})

test('a store that is not in use is copied by the command itself, without a secret', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const store = await Store.open({ path, secret_key: KEY })
    const tokens = await Promise.all([store.create({ at: 1 }), store.create({ at: 2 })])
    await store.close()
    const target = join(folder, 'copy')
    const { status, stdout } = await crudjt(['backup', path, target, '--json'])
    t.is(status, 0)
    t.like(JSON.parse(stdout), { path: target, records: 2 })
    t.deepEqual(await readAll(target, tokens), [1, 2])
    const full = await crudjt(['backup', path, target])
    t.is(full.status, 78)
    t.regex(full.stderr, /^crudjt: [^\n]*the folder is not empty[^\n]*\n$/)
  })
})

test('a wrong or unreachable master is reported, and nothing is copied', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const target = join(folder, 'copy')
    const store = await Store.open({ path, secret_key: KEY })
    const other = await serve(['--store', join(folder, 'other')], { env })
    const wrong = await crudjt([
      'backup',
      path,
      target,
      '--port',
      `${other.at.grpc_port}`,
      '--timeout-ms',
      '60000',
    ])
    t.is(wrong.status, 1)
    t.regex(
      wrong.stderr,
      /belongs to process \d+ [^\n]*, but the master at \S+ serves another store/,
    )
    await other.stop()
    const none = await crudjt([
      'backup',
      path,
      target,
      '--port',
      `${other.at.grpc_port}`,
      '--timeout-ms',
      '500',
    ])
    t.is(none.status, 1)
    t.regex(
      none.stderr,
      /belongs to process [^\n]*No master can be reached[^\n]*give --host and --port/,
    )
    t.false(existsSync(target))
    t.deepEqual(
      sortedNames(path).filter((name) => name.startsWith('ticket')),
      [],
    )
    await store.close()
    for (const args of [['backup'], ['backup', path], ['backup', path, target, 'x']]) {
      t.is((await crudjt(args)).status, 64, args.join(' '))
    }
  })
})
