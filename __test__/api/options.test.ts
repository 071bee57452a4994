/** Options of startMaster, connectToMaster and Store.open: names, types, ranges. */
import { spawnSync } from 'node:child_process'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { CRUDJT, Store } from 'crudjt'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { refuses } from '../helpers/refusals.js'

const startMaster = (options: object) => CRUDJT.Config.startMaster(options as never)
const connectToMaster = (options: object) => CRUDJT.Config.connectToMaster(options as never)
const open = (options: object) => Store.open(options as never)

const misspelled = { is: TypeError, code: 'ERR_CRUDJT_OPTION' } as const
const wrongType = misspelled
const outOfRange = { is: RangeError, code: 'ERR_CRUDJT_OPTION' } as const

/** What is given, and what is meant. */
const misspellings: Record<string, string> = {
  secretKey: 'secret_key',
  SECRET_KEY: 'secret_key',
  secret: 'secret_key',
  secrt_key: 'secret_key',
  maxDataSize: 'max_data_size',
  max_data: 'max_data_size',
  cacheSize: 'cache_size',
  syncIntervalMs: 'sync_interval_ms',
  sync_interval: 'sync_interval_ms',
  sweepIntervalHours: 'sweep_interval_hours',
  lockWaitMs: 'lock_wait_ms',
  lock_wait: 'lock_wait_ms',
  requireKnownKey: 'require_known_key',
  on_error: 'onError',
  onerror: 'onError',
  Journal: 'journal',
  jurnal: 'journal',
}

test('a misspelled option is refused with its name and the nearest right one', async (t) => {
  for (const [wrong, right] of Object.entries(misspellings)) {
    const says = new RegExp(`'${wrong}'.*'${right}'`)
    await refuses(t, () => startMaster({ [wrong]: 1 }), { ...misspelled, says }, wrong)
    await refuses(t, () => open({ [wrong]: 1 }), { ...misspelled, says }, wrong)
  }
  const names = {
    storeJtPath: 'store_jt_path',
    path: 'store_jt_path',
    grpcPort: 'grpc_port',
    grpcHost: 'grpc_host',
  }
  for (const [wrong, right] of Object.entries(names)) {
    const says = new RegExp(`'${wrong}'.*'${right}'`)
    await refuses(t, () => startMaster({ [wrong]: 1, secret_key: KEY }), { ...misspelled, says })
  }
  await refuses(t, () => open({ store_jt_path: '/x' }), { ...misspelled, says: /'path'/ })
  await refuses(t, () => connectToMaster({ port: 5 }), {
    ...misspelled,
    says: /'port'.*'grpc_port'/,
  })
  await refuses(t, () => connectToMaster({ secret_key: KEY }), {
    ...misspelled,
    says: /'secret_key'/,
  })
  await refuses(t, () => open({ toString: 1 }), { ...misspelled, says: /'toString'/ })
})

const wrong: Record<string, { types: unknown[]; ranges: unknown[] }> = {
  max_data_size: { types: ['256', null, 5n, true], ranges: [0, -1, 1.5, 65_537, Number.NaN] },
  cache_size: { types: ['1', null], ranges: [-1, 0.5, Number.POSITIVE_INFINITY] },
  sync_interval_ms: { types: ['400', null], ranges: [0, -5, 1.5] },
  sweep_interval_hours: { types: ['24', null], ranges: [0, -1, Number.NaN, 9000] },
  lock_wait_ms: { types: ['0', null], ranges: [-1, 0.5] },
  require_known_key: { types: ['true', 1, null], ranges: [] },
  journal: { types: ['fast', 1, null], ranges: [] },
  onError: { types: ['log', {}, null], ranges: [] },
}

test('an option of the wrong type or out of range is refused with what was expected', async (t) => {
  for (const [name, { types, ranges }] of Object.entries(wrong)) {
    const says = new RegExp(`'${name}'.*expected`)
    for (const value of types) {
      const options = { secret_key: KEY, [name]: value }
      await refuses(t, () => open(options), { ...wrongType, says }, `${name} ${String(value)}`)
      await refuses(
        t,
        () => startMaster(options),
        { ...wrongType, says },
        `${name} ${String(value)}`,
      )
    }
    for (const value of ranges) {
      const options = { secret_key: KEY, [name]: value }
      await refuses(t, () => open(options), { ...outOfRange, says }, `${name} ${String(value)}`)
    }
  }
})

test('addresses and folders of the wrong type are refused', async (t) => {
  for (const store_jt_path of ['', 5, null, true, {}, 'a\0b']) {
    const says = /'store_jt_path'.*expected/
    await refuses(t, () => startMaster({ secret_key: KEY, store_jt_path }), { ...wrongType, says })
  }
  await refuses(t, () => open({ secret_key: KEY, path: '' }), { ...wrongType, says: /'path'/ })
  for (const grpc_host of ['', 5, null]) {
    await refuses(t, () => startMaster({ secret_key: KEY, grpc_host }), {
      ...wrongType,
      says: 'grpc_host',
    })
    await refuses(t, () => connectToMaster({ grpc_host }), { ...wrongType, says: 'grpc_host' })
  }
  for (const grpc_port of ['50051', null]) {
    await refuses(t, () => connectToMaster({ grpc_port }), { ...wrongType, says: 'grpc_port' })
  }
  for (const grpc_port of [-1, 65_536, 0.5]) {
    await refuses(t, () => connectToMaster({ grpc_port }), { ...outOfRange, says: 'grpc_port' })
  }
  for (const options of ['x', 5, null, [], new Date()]) {
    await refuses(t, () => open(options as object), {
      ...wrongType,
      says: 'must be a plain object',
    })
  }
})

class Settings {
  secret_key = KEY
}

test('options from another realm are taken, those of a class refused by its name', async (t) => {
  await inFolder(async (path) => {
    const store = await open(runInNewContext('({ path, secret_key })', { path, secret_key: KEY }))
    const options = new Settings()
    const says = 'Options must be a plain object, got an instance of Settings'
    for (const call of [() => open(options), () => store.delete('a', options as never)]) {
      await refuses(t, call, { ...wrongType, says })
    }
    await store.close()
  })
})

test('an option that resembles none is answered with the names of all', async (t) => {
  const says = /^Unknown option 'zone': expected one of path, secret_key, /
  await refuses(t, () => open({ zone: 'eu' }), { ...misspelled, says })
  await refuses(t, () => connectToMaster({ url: 'x' }), { ...misspelled, says: /'grpc_host'/ })
})

test('an undefined option counts as left out', async (t) => {
  await inFolder(async (path) => {
    const names = Object.keys(wrong).map((name) => [name, undefined])
    const store = await open({ path, secret_key: KEY, ...Object.fromEntries(names) })
    t.is(store.path, path)
    await store.close()
  })
})

test('max_data_size is the limit, up to 64 KiB', async (t) => {
  await inFolder(async (path) => {
    const store = await Store.open({ path, secret_key: KEY, max_data_size: 65_536 })
    const data = { d: 'x'.repeat(65_536 - 6) }
    t.deepEqual(await store.read(await store.create(data)), { data })
    const tooLarge = {
      is: RangeError,
      code: 'ERR_CRUDJT_DATA_TOO_LARGE',
      says: '65536 bytesize',
    } as const
    await refuses(t, () => store.create({ d: `${data.d}x` }), tooLarge)
    await store.close()
  })
})

test('every call works without a cache', async (t) => {
  await inFolder(async (path) => {
    const store = await Store.open({ path, secret_key: KEY, cache_size: 0, journal: 'plain' })
    const token = await store.create({ a: 1 })
    for (let i = 0; i < 3; i++) t.deepEqual(await store.read(token), { data: { a: 1 } })
    await store.close()
  })
})

test('an uncaught error is printed in a few lines', (t) => {
  const { stderr } = spawnSync(process.execPath, [
    '-e',
    "require('crudjt').Store.open({ path: 5 })",
  ])
  const shown = stderr.toString()
  t.regex(shown, /Option 'path': expected the path of a folder, got a number/)
  t.true(shown.length < 2_000, `${shown.length} characters`)
})
