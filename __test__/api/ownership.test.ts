/** A store whose folder is taken from under it, and one that another process or copy has open. */
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { backup, CRUDJTError, compact, repair, Store, type StoreEvent, verify } from 'crudjt'
import { ask, kill, runProcess, startProcess } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { refuses } from '../helpers/refusals.js'

/** Removes a folder in which a store may still make a file meanwhile, which rmSync does not try again. */
function removeAll(path: string): void {
  while (existsSync(path)) {
    try {
      rmSync(path, { recursive: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
    }
  }
}
/** The files of a store, but for the number of the journal's only segment. */
const filesOf = (path: string) =>
  readdirSync(path)
    .map((name) => name.replace(/^journal-.*/, 'journal'))
    .sort()

const open = (path: string, options = {}) => Store.open({ path, secret_key: KEY, ...options })
const locked = { is: CRUDJTError, code: 'ERR_CRUDJT_STORE_LOCKED' } as const
const lost = { is: CRUDJTError, code: 'ERR_CRUDJT_STORAGE' } as const

for (const journal of ['mapped', 'plain'] as const) {
  test(`a removed folder is noticed, and its next owner loses nothing: ${journal}`, async (t) => {
    await inFolder(async (folder) => {
      const path = join(folder, 'store')
      const events: string[] = []
      const onError = (event: StoreEvent) => events.push(event.code)
      const old = await open(path, { journal, onError })
      await old.create({ old: 1 }, { durable: true })
      removeAll(path)
      await refuses(t, () => old.create({ lost: 1 }, { durable: true }), lost)
      const owner = await startProcess('owner.mjs', path, KEY)
      const token = await ask<string>(owner, 'create')
      await refuses(t, () => open(path, { journal, onError }), locked)
      await refuses(t, () => old.close(), lost)
      t.deepEqual(events, ['CRUDJT_FAILED'])
      await kill(owner)
      const store = await open(path)
      t.deepEqual((await store.read(token))?.data, { n: 0 })
      await store.close()
    })
  })

  test(`without the file lock nobody else gets in: ${journal}`, async (t) => {
    await inFolder(async (path) => {
      const events: string[] = []
      const onError = (event: StoreEvent) => events.push(event.code)
      const old = await open(path, { journal, onError })
      const token = await old.create({ old: 1 }, { durable: true })
      rmSync(join(path, 'lock'))
      const second = await runProcess('owner.mjs', path, KEY)
      t.regex(second.text, /ERR_CRUDJT_STORE_LOCKED/)
      await refuses(t, () => old.create({ lost: 1 }, { durable: true }), lost)
      await refuses(t, () => old.close(), lost)
      t.deepEqual(events, ['CRUDJT_FAILED'])
      const store = await open(path)
      t.deepEqual((await store.read(token))?.data, { old: 1 })
      await store.close()
    })
  })
}

test('opening a replaced folder gives the store that is there now', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const old = await open(path, { onError: () => {} })
    const token = await old.create({ old: 1 })
    removeAll(path)
    const store = await open(path)
    t.is(await store.read(token), null)
    const fresh = await store.create({ new: 1 })
    await refuses(t, () => old.close(), lost)
    await store.close()
    const again = await open(path)
    t.deepEqual((await again.read(fresh))?.data, { new: 1 })
    await again.close()
  })
})

test('maintenance of a store that this process has open says so', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const store = await open(path)
    const says = 'this process has it open itself'
    for (const call of [verify, repair, compact]) {
      await refuses(t, () => call(path), { ...locked, says })
    }
    await refuses(t, () => backup(path, join(folder, 'copy')), { ...locked, says })
    await store.close()
  })
})

test('another copy of the package in this process is named', async (t) => {
  await inFolder(async (folder) => {
    const { status, text } = await runProcess('second-copy.mjs', folder, KEY)
    t.is(status, 0, text)
    t.regex(text, /already running.*another copy of the package in this process has it open/)
    t.regex(text, /load only one copy/)
    t.regex(text, /belongs to process \d+ on host /)
  })
})

test('openings that wait for the lock leave the thread pool to others', async (t) => {
  await inFolder(async (path) => {
    const owner = await startProcess('owner.mjs', path, KEY)
    const waiting = Array.from({ length: 8 }, () => open(path, { lock_wait_ms: 20_000 }))
    await new Promise((resolve) => setTimeout(resolve, 100))
    const before = performance.now()
    await readFile(__filename)
    t.true(performance.now() - before < 5_000)
    t.is(await ask(owner, 'close'), 'closed')
    const stores = await Promise.all(waiting)
    await Promise.all(stores.map((store) => store.close()))
    await kill(owner)
  })
})

test('copies never land within the store, whatever the paths are called', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    await (await open(path)).close()
    const link = join(folder, 'link')
    symlinkSync(path, link)
    mkdirSync(join(folder, 'other'))
    const before = filesOf(path)
    const within = { is: CRUDJTError, code: 'ERR_CRUDJT_PATH', says: 'within' } as const
    for (const target of [join(path, 'x'), join(link, 'x'), join(folder, 'other/../link/y/z')]) {
      await refuses(t, () => repair(path, { target }), within)
      await refuses(t, () => backup(path, target), within)
      const store = await open(path)
      await refuses(t, () => store.backup(target), within)
      await store.close()
    }
    t.deepEqual(filesOf(path), before)
    t.is((await repair(`${path}/`)).path, `${path}.repaired`)
    t.deepEqual(filesOf(path), before)
  })
})
