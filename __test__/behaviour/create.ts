/** create, beside data and limits. */
import { asGiven } from '../helpers/ttl.js'
import type { AddTest } from './variants.js'

const data = { a: 1 }

export function testCreate(it: AddTest): void {
  it('a token without limits has no metadata', async (t, store) => {
    t.deepEqual(await store.read(await store.create(data)), { data })
  })

  it('metadata holds only the limits that are set', async (t, store) => {
    const told = async (...limits: unknown[]) => {
      const since = Date.now()
      const token = await store.create(data, ...(limits as never[]))
      return asGiven(await store.read(token), 100, since)
    }
    const both = { metadata: { ttl: 100, silence_read: 2 }, data }
    t.deepEqual(await told(100), { metadata: { ttl: 100 }, data })
    t.deepEqual(await told(null, 3), { metadata: { silence_read: 2 }, data })
    t.deepEqual(await told(100, 3), both)
    t.deepEqual(await told({ ttl: 100, silence_read: 3 }), both)
  })

  it(
    'a durable create has the limits that are named beside',
    async (t, store) => {
      const token = await store.create(data, { silence_read: 3, durable: true })
      t.deepEqual(await store.read(token), { metadata: { silence_read: 2 }, data })
    },
    'the batch stream',
  )

  it('the size limit counts integers in the fewest bytes', async (t, store) => {
    const list = new Array(250).fill(7n)
    const token = await store.create({ n: list })
    t.deepEqual(await store.read(token), { data: { n: new Array(250).fill(7) } })
  })
}
