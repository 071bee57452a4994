/** Reads of another process from the shelf of its master: quick, and never of what is no longer so. */
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { CRUDJTError, type SessionStore, Store } from 'crudjt'
import { kill } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import {
  pauseMaster,
  placeOf,
  type RunningMaster,
  runMaster,
  stopMaster,
} from '../helpers/masters.js'

const posix = process.platform === 'win32' ? test.skip : test
const HOUR = 3_600_000

/** Two clients of a master. */
async function withClients(
  work: (one: SessionStore, other: SessionStore, master: RunningMaster) => Promise<void>,
  options = {},
): Promise<void> {
  await inFolder(async (folder) => {
    const master = await runMaster(folder, { ...placeOf(folder), ...options })
    const connect = () => Store.connect({ ...master.at, timeout_ms: HOUR })
    const [one, other] = [await connect(), await connect()]
    try {
      await work(one, other, master)
    } finally {
      // A call of a master that is killed does not end before its timeout.
      void one.close()
      void other.close()
      await kill(master.process)
    }
  })
}

/** Has a record put on the shelf: the first read asks for it. */
async function shelve(store: SessionStore, token: string): Promise<void> {
  await store.read(token)
  await store.read(token)
}

posix('a read does not need the master, once it has answered one', async (t) => {
  await withClients(async (one, other, master) => {
    const token = await one.create({ user: 42 }, { ttl: 600 })
    await shelve(other, token)
    await pauseMaster(master)
    const expected = { user: 42 }
    t.deepEqual((await other.read(token))?.data, expected)
    t.deepEqual(other.readSync(token)?.data, expected)
    const { ttl } = other.readSync(token)?.metadata ?? {}
    t.true(Number(ttl) > 0 && Number(ttl) <= 600)
  })
})

posix('with shelf_size 0 every read asks the master', async (t) => {
  const options = { shelf_size: 0 }
  await withClients(async (one, _other, master) => {
    const token = await one.create({ user: 42 })
    await using impatient = await Store.connect({ ...master.at, timeout_ms: 200 })
    await shelve(impatient, token)
    await pauseMaster(master)
    await t.throwsAsync(impatient.read(token), { code: 'ERR_CRUDJT_DEADLINE' })
  }, options)
})

posix('what one client has changed every other one reads', async (t) => {
  await withClients(async (one, other) => {
    const token = await one.create({ n: 0 })
    for (let n = 1; n <= 300; n++) {
      await shelve(other, token)
      t.true(await one.update(token, { n }))
      t.is((await other.read(token))?.data.n, n)
    }
    await shelve(other, token)
    t.true(await one.delete(token))
    t.is(await other.read(token), null)
    t.is(other.readSync(token), null)
  })
})

posix('beside changes a reader never goes back behind an answer', async (t) => {
  await withClients(async (one, other) => {
    const token = await one.create({ n: 0 })
    let answered = 0
    let isOver = false
    const write = async () => {
      for (let n = 1; n <= 2_000; n++) {
        await one.update(token, { n })
        answered = n
      }
      isOver = true
    }
    const read = async () => {
      let reads = 0
      for (; !isOver; reads++) {
        const before = answered
        const n = Number((await other.read(token))?.data.n)
        if (n < before) t.fail(`${n} was read after ${before} was answered`)
        if (reads % 8 === 0) await delay(0)
      }
      return reads
    }
    const [, reads] = await Promise.all([write(), read()])
    t.true(reads > 100)
  })
})

posix('a client reads what it has just done, without waiting for the answers', async (t) => {
  await withClients(async (one) => {
    const token = await one.create({ n: 0 })
    for (let n = 1; n <= 100; n++) {
      await shelve(one, token)
      const updated = one.update(token, { n })
      t.is((await one.read(token))?.data.n, n)
      await updated
    }
    await shelve(one, token)
    const deleted = one.delete(token)
    t.is(await one.read(token), null)
    await deleted
  })
})

posix('every read of a counted token counts, whoever makes it', async (t) => {
  await withClients(async (one, other) => {
    const token = await one.create({ once: true }, { silence_read: 4 })
    for (const left of [3, 2, 1, 0]) {
      const store = left % 2 === 0 ? one : other
      t.is((await store.read(token))?.metadata?.silence_read, left)
    }
    t.is(await one.read(token), null)
    const counted = await one.create({ n: 0 })
    await shelve(other, counted)
    t.true(await one.update(counted, { n: 1 }, { silence_read: 1 }))
    t.is((await other.read(counted))?.data.n, 1)
    t.is(await other.read(counted), null)
  })
})

posix('an expired record is read from no shelf', async (t) => {
  await withClients(async (one, _other, master) => {
    const token = await one.create({ user: 42 }, { ttl: 1 })
    await using impatient = await Store.connect({ ...master.at, timeout_ms: 200 })
    await shelve(impatient, token)
    await pauseMaster(master)
    await delay(1_050)
    await t.throwsAsync(impatient.read(token), { code: 'ERR_CRUDJT_DEADLINE' })
  })
})

posix('nothing is read of a master that was killed', async (t) => {
  await inFolder(async (folder) => {
    const place = placeOf(folder)
    const killed = await runMaster(folder, place)
    await using reader = await Store.connect({ ...place, timeout_ms: HOUR, fail_fast: true })
    const token = await reader.create({ n: 1 })
    await shelve(reader, token)
    await kill(killed.process)
    // The lease of a reader.
    await delay(2)
    const dead = { instanceOf: CRUDJTError, code: 'ERR_CRUDJT_UNAVAILABLE' }
    t.throws(() => reader.readSync(token), dead)
    await t.throwsAsync(reader.read(token), dead)
    const next = await runMaster(folder, { ...place, lock_wait_ms: HOUR })
    await using writer = await Store.connect({ ...place, timeout_ms: HOUR })
    t.true(await writer.update(token, { n: 2 }))
    await reader.ready()
    for (let i = 0; i < 3; i++) t.is((await reader.read(token))?.data.n, 2)
    await stopMaster(next)
  })
})

posix('the shelf of a master with an access key is for clients that prove it', async (t) => {
  const access_key = 'sixteen-characters-or-more'
  await inFolder(async (folder) => {
    const master = await runMaster(folder, { ...placeOf(folder), access_key })
    await using client = await Store.connect({ ...master.at, access_key, timeout_ms: HOUR })
    const token = await client.create({ user: 42 })
    await shelve(client, token)
    await using stranger = await Store.connect({ ...master.at, access_key: 'x'.repeat(20) })
    await t.throwsAsync(stranger.read(token), { code: 'ERR_CRUDJT_UNAUTHENTICATED' })
    t.throws(() => stranger.readSync(token), { code: 'ERR_CRUDJT_UNAUTHENTICATED' })
    await pauseMaster(master)
    t.deepEqual((await client.read(token))?.data, { user: 42 })
    await kill(master.process)
  })
})
