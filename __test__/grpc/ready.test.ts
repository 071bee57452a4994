/** A client that waits for its master, and one that does not. */
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { CRUDJT, CRUDJTError, Store } from 'crudjt'
import { kill } from '../helpers/children.js'
import { FakeMaster } from '../helpers/fake-master.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { placeOf, runMaster, stopMaster } from '../helpers/masters.js'

const data = { user: 42 }
const unavailable = { instanceOf: CRUDJTError, code: 'ERR_CRUDJT_UNAVAILABLE' }
const HOUR = 3_600_000

test('ready resolves when the master answers, however long it takes to start', async (t) => {
  await inFolder(async (folder) => {
    const place = placeOf(folder)
    for (const fail_fast of [false, true]) {
      await using store = await Store.connect({ ...place, timeout_ms: HOUR, fail_fast })
      let isReady = false
      const ready = store.ready().then(() => {
        isReady = true
      })
      await t.throwsAsync(
        Store.connect({ ...place, timeout_ms: 50 }).then(async (other) => {
          await using stranger = other
          await stranger.ready()
        }),
        unavailable,
      )
      t.false(isReady)
      const master = await runMaster(folder, place)
      await ready
      t.deepEqual((await store.read(await store.create(data)))?.data, data)
      await stopMaster(master)
    }
  })
})

test('with fail_fast calls fail at once without a master, whatever their timeout', async (t) => {
  await inFolder(async (folder) => {
    const place = placeOf(folder)
    await using store = await Store.connect({ ...place, timeout_ms: HOUR, fail_fast: true })
    for (let i = 0; i < 3; i++) {
      const error = await t.throwsAsync(store.create(data), unavailable)
      t.regex(error?.message ?? '', /^No master can be reached at \S+: /)
    }
    const master = await runMaster(folder, place)
    const token = await store.create(data)
    await kill(master.process)
    const codes = await Promise.all(
      Array.from({ length: 10 }, () => store.read(token).catch((error) => error.code)),
    )
    t.deepEqual(new Set(codes), new Set(['ERR_CRUDJT_UNAVAILABLE']))
    const next = await runMaster(folder, { ...place, lock_wait_ms: HOUR })
    t.deepEqual((await store.read(token))?.data, data)
    await stopMaster(next)
  })
})

test('with fail_fast what was sent to a master that is gone is reported as unknown', async (t) => {
  await inFolder(async (folder) => {
    const place = placeOf(folder)
    const welcome = { version: 1, master: Buffer.alloc(16, 1), max_data_size: 256 }
    const fake = new FakeMaster(({ hello }) => (hello === null ? {} : { send: [{ welcome }] }))
    await fake.listen(place)
    await using store = await Store.connect({ ...place, timeout_ms: HOUR, fail_fast: true })
    const call = store.create(data)
    // The greeting, and the call.
    while (fake.messages < 2) await delay(1)
    fake.close()
    await t.throwsAsync(call, { code: 'ERR_CRUDJT_OUTCOME_UNKNOWN' })
  })
})

test.serial('Config.ready waits for what was started', async (t) => {
  await inFolder(async (folder) => {
    await t.throwsAsync(CRUDJT.Config.ready(), { code: 'ERR_CRUDJT_NOT_STARTED' })
    void CRUDJT.Config.startMaster({ secret_key: KEY, store_jt_path: folder, grpc_port: 0 })
    await CRUDJT.Config.ready()
    const { grpc_port } = CRUDJT.Config.address() as { grpc_port: number }
    await CRUDJT.Config.shutdownServer()
    await CRUDJT.Config.connectToMaster({ grpc_port, timeout_ms: 50 })
    await t.throwsAsync(CRUDJT.Config.ready(), unavailable)
    await CRUDJT.Config.disconnect()
  })
})

test('a store that is open in this process is ready until it is closed', async (t) => {
  await inFolder(async (folder) => {
    const store = await Store.open({ path: folder, secret_key: KEY })
    await t.notThrowsAsync(store.ready())
    await store.close()
    await t.throwsAsync(store.ready(), { code: 'ERR_CRUDJT_NOT_STARTED' })
  })
})
