/** What a Store has beside the four calls. */
import test from 'ava'
import { CRUDJTError, Store, type StoreOptions } from 'crudjt'
import { inFolder } from '../helpers/folder.js'
import { KEY, OTHER_KEY } from '../helpers/keys.js'
import { notStarted, refuses } from '../helpers/refusals.js'

const data = { a: 1 }

/** Runs a test with an open store. */
function withStore(body: (store: Store) => Promise<void>, options: Partial<StoreOptions> = {}) {
  return inFolder(async (path) => {
    const store = await Store.open({ path, secret_key: KEY, ...options })
    try {
      await body(store)
    } finally {
      await store.close()
    }
  })
}

test('after close every call is refused, and close may be called again', async (t) => {
  await withStore(async (store) => {
    const token = await store.create(data)
    await Promise.all([store.close(), store.close()])
    const calls = [
      () => store.create(data),
      () => store.read(token),
      () => store.update(token, data),
      () => store.delete(token),
      () => store.flush(),
      () => store.stats(),
      async () => store.createSync(data),
      async () => store.readSync(token),
      async () => store.updateSync(token, data),
      async () => store.deleteSync(token),
      async () => store.deleteSync(token, { durable: true }),
    ]
    for (const call of calls) await refuses(t, call, notStarted)
  })
})

test('durable calls overtaken by a close succeed: closing makes them durable', async (t) => {
  await withStore(async (store) => {
    const calls = Array.from({ length: 50 }, () => store.create(data, { durable: true }))
    const flushing = store.flush()
    const closing = store.close()
    t.is(new Set(await Promise.all(calls)).size, 50)
    await closing
    await flushing.catch((error) => t.is(error.code, 'ERR_CRUDJT_NOT_STARTED'))
    await refuses(t, () => store.create(data, { durable: true }), notStarted)
  })
})

test('await using closes a store at the end of its block', async (t) => {
  await inFolder(async (path) => {
    const store = await Store.open({ path, secret_key: KEY })
    const token = await store.create(data)
    await store[Symbol.asyncDispose]()
    await refuses(t, () => store.read(token), notStarted)
  })
})

test('several stores in one process are independent', async (t) => {
  await withStore(async (first) => {
    await withStore(async (second) => {
      const token = await first.create(data)
      t.is(await second.read(token), null)
      t.false(await second.delete(token))
      t.deepEqual(await first.read(token), { data })
    })
  })
})

test('a store opened twice is one engine; with another key or option it is refused', async (t) => {
  await withStore(async (store) => {
    const again = await Store.open({ path: store.path, secret_key: KEY })
    const token = await store.create(data)
    t.deepEqual(await again.read(token), { data })
    t.true(await again.update(token, { a: 2 }))
    t.deepEqual(await store.read(token), { data: { a: 2 } })
    t.deepEqual(await again.read(token), { data: { a: 2 } })
    t.true(await store.delete(token))
    t.is(await again.read(token), null)
    const open = { is: CRUDJTError, code: 'ERR_CRUDJT_STORE_OPEN', says: store.path } as const
    await refuses(t, () => Store.open({ path: store.path, secret_key: OTHER_KEY }), open)
    await refuses(
      t,
      () => Store.open({ path: store.path, secret_key: KEY, max_data_size: 9 }),
      open,
    )
    await store.close()
    t.regex(await again.create(data), /^.{22}$/)
    await again.close()
  })
})

test('after a durable operation or a flush nothing is unsynced', async (t) => {
  await withStore(
    async (store) => {
      const unsynced = async () => (await store.stats()).unsynced_age_ms
      const token = await store.create(data)
      t.is(typeof (await unsynced()), 'number')
      await store.flush()
      t.is(await unsynced(), undefined)
      await store.create(data, { durable: true })
      t.is(await unsynced(), undefined)
      t.true(await store.update(token, data, { durable: true }))
      t.is(await unsynced(), undefined)
      t.true(store.updateSync(token, data, { durable: true }))
      t.is(await unsynced(), undefined)
      store.createSync(data, { durable: true })
      t.true(await store.delete(token, { durable: true }))
      t.false(store.deleteSync(token, { durable: true }))
      t.is(await unsynced(), undefined)
    },
    { sync_interval_ms: 3_600_000 },
  )
})

test('many durable operations at once share few syncs', async (t) => {
  await withStore(async (store) => {
    const creating = Array.from({ length: 500 }, () => store.create(data, { durable: true }))
    t.is(new Set(await Promise.all(creating)).size, 500)
    t.is((await store.stats()).unsynced_age_ms, undefined)
  })
})

test('stats count live tokens and operations', async (t) => {
  await withStore(async (store) => {
    const before = await store.stats()
    t.is(before.live_tokens, 0)
    t.is(before.damaged_records, 0)
    const tokens = await Promise.all(Array.from({ length: 10 }, () => store.create(data)))
    await store.delete(tokens[0] as string)
    for (const token of tokens) await store.read(token)
    const after = await store.stats()
    t.is(after.live_tokens, 9)
    t.true(after.pending > 0)
    t.true(after.journal_bytes > 0)
    t.true(after.cache_bytes > 0)
    t.true((after.hit_rate ?? 0) >= 0 && (after.hit_rate ?? 1) <= 1)
    await store.flush()
    const { last_sync_at_ms, last_sync_took_us } = await store.stats()
    t.true(Math.abs(Date.now() - (last_sync_at_ms ?? 0)) < 60_000)
    t.true((last_sync_took_us ?? -1) >= 0)
  })
})

test('a new key and a guessable one are reported to onError', async (t) => {
  await inFolder(async (path) => {
    const events: { code: string; message: string }[] = []
    const onError = (event: { code: string; message: string }) => events.push(event)
    const weak = Buffer.alloc(32, 'ab').toString('base64')
    await (await Store.open({ path, secret_key: weak, onError })).close()
    t.deepEqual(
      events.map(({ code }) => code),
      ['CRUDJT_WEAK_KEY'],
    )
    t.is(typeof events[0]?.message, 'string')
  })
})

test('without onError, events become process warnings with a code', async (t) => {
  const warned = new Promise<Error & { code?: string }>((resolve) =>
    process.once('warning', resolve),
  )
  await withStore(async () => {}, { secret_key: Buffer.alloc(32, 'ab').toString('base64') })
  const warning = await warned
  t.is(warning.code, 'CRUDJT_WEAK_KEY')
  t.is(warning.name, 'CRUDJTWarning')
})

test('operations over the memory budget are all answered, in order', async (t) => {
  await withStore(
    async (store) => {
      const d = 'x'.repeat(60_000)
      const creating = Array.from({ length: 1200 }, (_, n) => store.create({ n, d }))
      const tokens = await Promise.all(creating)
      t.is(new Set(tokens).size, 1200)
      const last = tokens.at(-1) as string
      const updating = Array.from({ length: 1200 }, (_, n) => store.update(last, { n, d }))
      t.true((await Promise.all(updating)).every((done) => done))
      t.is((await store.read(last))?.data.n, 1199)
      for (const n of [0, 599, 1198]) t.is((await store.read(tokens[n] as string))?.data.n, n)
    },
    { max_data_size: 65_536 },
  )
})
