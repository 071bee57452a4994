/** The Sync forms of a connected store: they wait for the local socket of a master. */
import test from 'ava'
import { CRUDJTError, type SessionStore, Store } from 'crudjt'
import { ask, kill } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { placeOf, type RunningMaster, runMaster, stopMaster } from '../helpers/masters.js'

const data = { user: 42 }
const hasLocalSockets = process.platform !== 'win32'
const testLocal = hasLocalSockets ? test : test.skip

/** Each Sync form by its name. */
function syncCalls(store: SessionStore, token = 'A'.repeat(22)): Record<string, () => unknown> {
  return {
    createSync: () => store.createSync(data),
    readSync: () => store.readSync(token),
    updateSync: () => store.updateSync(token, data),
    deleteSync: () => store.deleteSync(token),
  }
}

async function withMaster(
  work: (master: RunningMaster, folder: string) => Promise<void>,
  options = {},
): Promise<void> {
  await inFolder(async (folder) => {
    const master = await runMaster(folder, { ...placeOf(folder), ...options })
    await work(master, folder).finally(() => kill(master.process))
  })
}

test('a client without a local socket refuses them by name', async (t) => {
  for (const place of [{ local: false }, { grpc_host: '192.0.2.1' }] as const) {
    await using store = await Store.connect({ grpc_port: 1, ...place })
    for (const [name, call] of Object.entries(syncCalls(store))) {
      const error = t.throws(call, { instanceOf: CRUDJTError, code: 'ERR_CRUDJT_UNSUPPORTED' })
      t.true(error?.message.startsWith(`${name} needs the local socket`))
    }
  }
})

testLocal('without a master they fail within timeout_ms', async (t) => {
  await using store = await Store.connect({ grpc_port: 1, timeout_ms: 50 })
  for (const call of Object.values(syncCalls(store))) {
    t.throws(call, { instanceOf: CRUDJTError, code: 'ERR_CRUDJT_UNAVAILABLE' })
  }
})

test('after close they are refused', async (t) => {
  const store = await Store.connect({ grpc_port: 1 })
  await store.close()
  for (const call of Object.values(syncCalls(store))) {
    t.throws(call, { code: 'ERR_CRUDJT_NOT_STARTED' })
  }
})

testLocal('they see what promise calls have done, and the other way round', async (t) => {
  await withMaster(async ({ at }) => {
    await using store = await Store.connect(at)
    const token = store.createSync(data, { ttl: 60 })
    t.true(await store.update(token, { user: 43 }, { keep: true }))
    t.deepEqual(store.readSync(token), { metadata: { ttl: 60 }, data: { user: 43 } })
    t.true(store.deleteSync(token))
    t.is(await store.read(token), null)
  })
})

testLocal('they go on with a master that is stopped and started again', async (t) => {
  await withMaster(async ({ at, process }) => {
    await using store = await Store.connect(at)
    const token = store.createSync(data)
    for (let restart = 0; restart < 3; restart++) {
      await ask(process, 'restart')
      t.deepEqual(store.readSync(token), { data })
    }
  })
})

testLocal('after a kill they go on with the next master', async (t) => {
  await inFolder(async (folder) => {
    const place = placeOf(folder)
    const killed = await runMaster(folder, place)
    await using store = await Store.connect({ ...place, timeout_ms: 60_000 })
    const token = store.createSync(data)
    await kill(killed.process)
    const next = await runMaster(folder, { ...place, lock_wait_ms: 60_000 })
    t.deepEqual(store.readSync(token), { data })
    await stopMaster(next)
  })
})

testLocal('the access key is proved both ways', async (t) => {
  const access_key = 'sixteen-characters-or-more'
  const expected = { instanceOf: CRUDJTError, code: 'ERR_CRUDJT_UNAUTHENTICATED' }
  await withMaster(
    async ({ at }) => {
      await using store = await Store.connect({ ...at, access_key })
      t.is(store.readSync(store.createSync(data))?.data.user, 42)
      for (const other of [undefined, 'another-key-of-26-characters']) {
        await using stranger = await Store.connect({ ...at, access_key: other })
        for (const call of Object.values(syncCalls(stranger))) t.throws(call, expected)
      }
    },
    { access_key },
  )
  await withMaster(async ({ at }) => {
    await using store = await Store.connect({ ...at, access_key })
    for (const call of Object.values(syncCalls(store))) t.throws(call, expected)
  })
})
