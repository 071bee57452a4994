/** One store and several processes and threads, one after the other or at once. */
import test from 'ava'
import { CRUDJTError, Store } from 'crudjt'
import { ask, kill, next, runProcess, runWorker, startProcess } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { refuses } from '../helpers/refusals.js'

const open = (path: string, options = {}) => Store.open({ path, secret_key: KEY, ...options })
const locked = { is: CRUDJTError, code: 'ERR_CRUDJT_STORE_LOCKED' } as const

test('a second process is refused with path, host and pid, or waits for the lock', async (t) => {
  await inFolder(async (folder) => {
    const owner = await startProcess('owner.mjs', folder, KEY)
    const error = await refuses(t, () => open(folder), {
      ...locked,
      says: 'CRUDJT master already running',
    })
    for (const part of [folder, String(owner.pid)]) t.true(error.message.includes(part), part)
    const token = await ask<string>(owner, 'create')
    const waiting = open(folder, { lock_wait_ms: 20_000 })
    t.is(await ask(owner, 'close'), 'closed')
    const store = await waiting
    t.deepEqual((await store.read(token))?.data, { n: 0 })
    await store.close()
    await kill(owner)
  })
})

/** What the owner tells of one token: what it holds now. */
interface Answered {
  token: string
  data: object
  deleted: boolean
}

test('everything acknowledged before kill -9 is there afterwards', async (t) => {
  await inFolder(async (folder) => {
    const owner = await startProcess('owner.mjs', folder, KEY)
    const counted = await ask<string>(owner, 'create')
    const answered: Answered[] = []
    owner.on('message', (message) => {
      if (typeof message === 'object') answered.push(message as Answered)
    })
    await ask(owner, 'work')
    while (answered.length < 3000) await next(owner)
    await kill(owner)

    const store = await open(folder)
    t.deepEqual(await store.read(counted), { metadata: { silence_read: 999 }, data: { n: 0 } })
    t.true(answered.some(({ deleted }) => deleted) && answered.some(({ deleted }) => !deleted))
    const wrong: unknown[] = []
    for (const { token, data, deleted } of answered) {
      const session = await store.read(token)
      const right = deleted
        ? session === null
        : JSON.stringify(session?.data) === JSON.stringify(data)
      if (!right) wrong.push({ token, data, deleted, session })
    }
    t.deepEqual(wrong, [])
    await store.close()
  })
})

test('two worker threads share one store: each read is counted once, updates are visible', async (t) => {
  await inFolder(async (path) => {
    const store = await open(path)
    const token = await store.create({ a: 1 }, null, 2000)
    const changing = await store.create({ i: 0 })
    const workerData = { path, secret_key: KEY, token, changing }
    type Answer = { seen: number[]; versions: number[] }
    const answers = await Promise.all([
      runWorker<Answer>('counter.mjs', workerData),
      runWorker<Answer>('counter.mjs', workerData),
    ])
    const seen = answers.flatMap((answer) => answer.seen).sort((a, b) => b - a)
    t.deepEqual(
      seen,
      Array.from({ length: 2000 }, (_, i) => 1999 - i),
    )
    t.is((await store.read(changing))?.data.i, 190)
    for (const { versions } of answers) t.is(versions.length, 200)
    await store.close()
  })
})

test('ES modules and CommonJS are one package with one state', async (t) => {
  await inFolder(async (folder) => {
    const { status, text } = await runProcess('formats.mjs', folder, KEY)
    t.is(status, 0, text)
  })
})

for (const how of ['by itself', 'by process.exit', 'after shutdownServer', 'as a master']) {
  test(`a process that ends ${how} loses nothing`, async (t) => {
    await inFolder(async (folder) => {
      const { status, text } = await runProcess('ends.mjs', how, folder, KEY)
      t.is(status, how === 'as a master' ? 7 : 0, text)
      const store = await open(folder)
      t.deepEqual(await store.read(text.trim()), { data: { how } })
      await store.close()
    })
  })
}
