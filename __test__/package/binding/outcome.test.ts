/** Opening, closing and the calls that wait: promises resolve to a value or to a code, never reject. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import native from '#native'
import { AT, bind, newFolder, openStore, SECRET } from './support.js'

test('an invalid secret resolves to a code', async (t) => {
  const outcome = await native.openStore({ path: newFolder(), secretKeys: ['?'] }, () => {})
  t.is(outcome.code, 'ERR_CRUDJT_SECRET_KEY')
})

test('a folder that is a file resolves to a code', async (t) => {
  const path = join(newFolder(), 'file')
  writeFileSync(path, '')
  const outcome = await native.openStore({ path, secretKeys: [SECRET] }, () => {})
  t.regex(outcome.code ?? '', /^ERR_CRUDJT_/)
  t.truthy(outcome.message)
})

test('a weak secret is reported on the JavaScript thread', async (t) => {
  const weak = Buffer.alloc(32, 1).toString('base64')
  const told: string[][] = []
  const listen = (...event: string[]) => told.push(event)
  const outcome = await native.openStore({ path: newFolder(), secretKeys: [weak] }, listen)
  while (told.length === 0) await setImmediate()
  t.regex(told[0]?.[0] ?? '', /^CRUDJT_/)
  t.truthy(told[0]?.[1])
  await outcome.value?.close()
})

test('the calls that wait resolve, and the counters are numbers', async (t) => {
  const store = await openStore(newFolder())
  const { hot } = bind(store)
  hot.create(AT, 10, -1, -1, -1)
  for (const wait of ['flush', 'checkpoint', 'waitForRoom'] as const) {
    t.deepEqual(await store[wait](), { value: undefined })
  }
  t.deepEqual(await store.sweep(), { value: 0 })
  const stats = await store.stats()
  t.is(stats.value?.liveTokens, 1)
  store.flushSync()
  store.waitForRoomSync()
  await store.close()
})

test('closing may be repeated; afterwards every call has a code', async (t) => {
  const store = await openStore(newFolder())
  const { hot } = bind(store)
  t.deepEqual(await store.close(), { value: undefined })
  t.deepEqual(await store.close(), { value: undefined })
  store.closeSync()
  t.throws(() => hot.create(AT, 1, -1, -1, -1), { code: 'ERR_CRUDJT_NOT_STARTED' })
  t.throws(() => hot.read('x'), { code: 'ERR_CRUDJT_NOT_STARTED' })
  t.throws(() => store.flushSync(), { code: 'ERR_CRUDJT_NOT_STARTED' })
  t.is((await store.flush()).code, 'ERR_CRUDJT_NOT_STARTED')
})
