/** Many handles: what they are told, what they refuse, and what they leave behind. */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Store } from 'crudjt'
import { runProcess } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { notStarted, refuses } from '../helpers/refusals.js'

test('every open handle hears of a failure, and no closed one', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const heard: string[] = []
    const openAs = (name: string) =>
      Store.open({
        path,
        secret_key: KEY,
        onError: ({ code }) => heard.push(`${name} ${code}`),
      })
    const [first, second, third] = [
      await openAs('first'),
      await openAs('second'),
      await openAs('third'),
    ]
    await first.close()
    rmSync(path, { recursive: true, maxRetries: 10 })
    await refuses(t, () => second.create({ a: 1 }, { durable: true }), {
      is: Error,
      code: 'ERR_CRUDJT_STORAGE',
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    t.deepEqual(heard.sort(), ['second CRUDJT_FAILED', 'third CRUDJT_FAILED'])
    await second.close().catch(() => {})
    await third.close().catch(() => {})
  })
})

test('calls in the turn of close and after it are refused', async (t) => {
  await inFolder(async (path) => {
    const store = await Store.open({ path, secret_key: KEY })
    const other = await Store.open({ path, secret_key: KEY })
    const token = await store.create({ a: 1 })
    const closing = store.close()
    const calls = [
      () => store.create({ b: 1 }),
      () => store.create({ b: 1 }, { durable: true }),
      () => store.read(token),
      () => store.update(token, { b: 1 }),
      () => store.delete(token),
      () => store.flush(),
      () => store.stats(),
      async () => store.createSync({ b: 1 }),
      async () => store.readSync(token),
      async () => store.updateSync(token, { b: 1 }),
      async () => store.deleteSync(token),
    ]
    const answers = calls.map((call) => refuses(t, call, notStarted))
    await Promise.all(answers)
    await closing
    for (const call of calls) await refuses(t, call, notStarted)
    t.deepEqual(await other.read(token), { data: { a: 1 } })
    t.is((await other.stats()).live_tokens, 1)
    await other.close()
  })
})

test('600 handles that were opened and closed leave no memory behind', async (t) => {
  await inFolder(async (folder) => {
    const { status, text } = await runProcess('many-handles.mjs', folder, KEY)
    t.is(status, 0, text)
    const grown = JSON.parse(text) as { stores: number; handles: number }
    t.true(grown.stores < 60, text)
    t.true(grown.handles < 60, text)
  })
})
