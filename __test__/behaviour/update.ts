/** update, beside data and limits. */
import { refuses } from '../helpers/refusals.js'
import { asGiven } from '../helpers/ttl.js'
import type { AddTest } from './variants.js'

export function testUpdate(it: AddTest): void {
  it('update replaces the data any number of times', async (t, store) => {
    const token = await store.create({ role: 'member', old: true })
    for (const role of ['editor', 'admin', 'member']) {
      t.true(await store.update(token, { role }))
      t.deepEqual(await store.read(token), { data: { role } })
      t.deepEqual(await store.read(token), { data: { role } })
    }
  })

  it('update replaces both limits, and leaving one out removes it', async (t, store) => {
    const since = Date.now()
    const token = await store.create({}, 100, 10)
    t.true(await store.update(token, {}, 200, 5))
    const both = asGiven(await store.read(token), 200, since)
    t.deepEqual(both, { metadata: { ttl: 200, silence_read: 4 }, data: {} })
    t.true(await store.update(token, {}, 300))
    const one = asGiven(await store.read(token), 300, since)
    t.deepEqual(one, { metadata: { ttl: 300 }, data: {} })
    t.true(await store.update(token, {}, { silence_read: 2 }))
    t.deepEqual(await store.read(token), { metadata: { silence_read: 1 }, data: {} })
    t.true(await store.update(token, {}))
    t.deepEqual(await store.read(token), { data: {} })
  })

  it(
    'with keep the limits that are not named stay',
    async (t, store) => {
      const since = Date.now()
      const token = await store.create({ a: 1 }, 1000, 10)
      const holds = async (metadata: { ttl: number; silence_read?: number }, a: number) => {
        const session = asGiven(await store.read(token), metadata.ttl, since)
        t.deepEqual(session, { metadata, data: { a } })
      }
      t.true(await store.update(token, { a: 2 }, { keep: true }))
      await holds({ ttl: 1000, silence_read: 9 }, 2)
      t.true(await store.update(token, { a: 3 }, { keep: true, ttl: 500 }))
      await holds({ ttl: 500, silence_read: 8 }, 3)
      t.true(await store.update(token, { a: 4 }, { keep: true, silence_read: 3 }))
      await holds({ ttl: 500, silence_read: 2 }, 4)
      t.true(await store.update(token, { a: 5 }, { keep: false, ttl: 50 }))
      await holds({ ttl: 50 }, 5)
    },
    'the batch stream',
  )

  it('a refused update leaves the old record whole', async (t, store) => {
    const token = await store.create({ a: 1 }, 1000, 10)
    const tooLarge = { is: RangeError, code: 'ERR_CRUDJT_DATA_TOO_LARGE' } as const
    await refuses(t, () => store.update(token, { a: 'x'.repeat(300) }), tooLarge)
    const badLimit = { is: RangeError, code: 'ERR_CRUDJT_LIMIT' } as const
    await refuses(t, () => store.update(token, { a: 2 }, 5, 0), badLimit)
    const session = await store.read(token)
    t.deepEqual(session?.data, { a: 1 })
    t.is(session?.metadata?.silence_read, 9)
  })

  it('update of an unknown token returns false and creates none', async (t, store) => {
    const token = await store.create({})
    t.true(await store.delete(token))
    t.false(await store.update(token, { a: 1 }))
    t.is(await store.read(token), null)
  })

  it(
    'a durable update that keeps limits makes no token either',
    async (t, store) => {
      const token = await store.create({})
      t.true(await store.delete(token))
      t.false(await store.update(token, { a: 1 }, { keep: true, durable: true }))
      t.is(await store.read(token), null)
    },
    'the batch stream',
  )
}
