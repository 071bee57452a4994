/** create, beside data and limits. */
import type { Sentence } from './suite.js'

const data = { a: 1 }

export function aboutCreate(say: Sentence): void {
  say('a token without limits has no metadata', async (t, store) => {
    t.deepEqual(await store.read(await store.create(data)), { data })
  })

  say('metadata holds only the limits that are set', async (t, store) => {
    const told = async (...limits: unknown[]) => {
      const token = await store.create(data, ...(limits as never[]))
      return (await store.read(token))?.metadata
    }
    t.deepEqual(await told(100), { ttl: 100 })
    t.deepEqual(await told(null, 3), { silence_read: 2 })
    t.deepEqual(await told(100, 3), { ttl: 100, silence_read: 2 })
    t.deepEqual(await told({ ttl: 100, silence_read: 3 }), { ttl: 100, silence_read: 2 })
  })

  say(
    'a durable create has the limits that are named beside',
    async (t, store) => {
      const token = await store.create(data, { silence_read: 3, durable: true })
      t.deepEqual(await store.read(token), { metadata: { silence_read: 2 }, data })
    },
    'the batch stream',
  )

  say('the size limit counts integers in the fewest bytes', async (t, store) => {
    const list = new Array(250).fill(7n)
    const token = await store.create({ n: list })
    t.deepEqual(await store.read(token), { data: { n: new Array(250).fill(7) } })
  })
}
