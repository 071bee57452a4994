/** delete. */
import { refuses } from '../helpers/refusals.js'
import type { AddTest } from './variants.js'

export function testDelete(it: AddTest): void {
  it('delete returns true once, whatever the limits, and the token stays dead', async (t, store) => {
    for (const limits of [[], [100], [null, 3], [100, 3]]) {
      const token = await store.create({ a: 1 }, ...(limits as never[]))
      t.true(await store.delete(token))
      t.false(await store.delete(token))
      t.is(await store.read(token), null)
      t.false(await store.update(token, { a: 2 }))
      t.is(await store.read(token), null)
    }
  })

  it('a token that was read and then deleted reads as null', async (t, store) => {
    const token = await store.create({ a: 1 })
    t.deepEqual(await store.read(token), { data: { a: 1 } })
    t.true(await store.delete(token))
    t.is(await store.read(token), null)
  })

  it(
    'a durable delete is a delete',
    async (t, store) => {
      const token = await store.create({ a: 1 })
      t.true(await store.delete(token, { durable: true }))
      t.false(await store.delete(token, { durable: true }))
      t.is(await store.read(token), null)
    },
    'the batch stream',
  )

  it("delete refuses options that it doesn't know", async (t, store) => {
    const token = await store.create({})
    const refusal = { is: TypeError, code: 'ERR_CRUDJT_OPTION', says: "'durable'" } as const
    await refuses(t, () => store.delete(token, { durabel: true } as never), refusal)
    await refuses(t, () => store.delete(token, { durable: 1 } as never), refusal)
    await refuses(t, () => store.delete(token, 'x' as never), { ...refusal, says: 'Options' })
    t.true(await store.delete(token))
  })
}
