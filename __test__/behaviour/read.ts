/** read: limits running out. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AddTest } from './variants.js'

const data = { a: 1 }

export function testRead(it: AddTest): void {
  it('silence_read 3 shows 2, 1, 0, then null', async (t, store) => {
    const token = await store.create(data, null, 3)
    for (const left of [2, 1, 0]) {
      t.deepEqual(await store.read(token), { metadata: { silence_read: left }, data })
    }
    t.is(await store.read(token), null)
    t.is(await store.read(token), null)
    t.false(await store.update(token, data))
    t.false(await store.delete(token))
  })

  it('silence_read 1 gives the data once', async (t, store) => {
    const token = await store.create(data, { silence_read: 1 })
    const reads = await Promise.all([store.read(token), store.read(token), store.read(token)])
    t.is(reads.filter((session) => session !== null).length, 1)
  })

  it('a token lives exactly its ttl, returned in whole seconds rounded up', async (t, store) => {
    const before = performance.now()
    const token = await store.create(data, 2)
    const created = performance.now()
    for (;;) {
      const asked = performance.now()
      const session = await store.read(token)
      const answered = performance.now()
      // The store counts whole milliseconds, cut off at the creation and at the read.
      if (session === null) {
        t.true(answered > before + 2000 - 1, 'not too early')
        break
      }
      t.true(asked < created + 2000, 'not too late')
      const told = Number(session.metadata?.ttl)
      const least = Math.ceil((before + 2000 - answered - 1) / 1000)
      const most = Math.ceil((created + 2000 - asked + 1) / 1000)
      t.true(told >= Math.max(1, least) && told <= Math.min(2, most), `${told} seconds`)
      await sleep(20)
    }
    t.false(await store.update(token, data))
    t.false(await store.delete(token))
    t.is(await store.read(token), null)
  })
}
