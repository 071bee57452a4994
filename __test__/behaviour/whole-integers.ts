/** What whole integers come back as, whatever their value. */
import { equal } from '../helpers/equal.js'
import { expected } from '../helpers/expected.js'
import fc from '../helpers/fast-check.js'
import type { AddTest } from './variants.js'

/** The values at which an encoding or a type might change. */
const edges = [7, 8, 15, 16, 31, 32, 52, 53, 54, 60, 62, 63].flatMap((bits) =>
  [-1n, 0n, 1n].map((by) => 2n ** BigInt(bits) + by),
)
const edge = fc.constantFrom(...edges, ...edges.map((one) => -one), 2n ** 64n - 1n)
const whole = fc
  .oneof(edge, fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n))
  .filter((one) => one >= -(2n ** 63n) && one < 2n ** 64n)
const given = fc.oneof(whole, whole.map(Number))

/** As many as surely fit 256 bytes. */
const some = fc.array(given, { minLength: 1, maxLength: 24 })

export function testWholeIntegers(it: AddTest): void {
  it('a Number comes back as a Number, and a BigInt as one if it is beyond 2^53 - 1', async (t, store) => {
    for (const [i, list] of fc.sample(some, 6).entries()) {
      const data = { list, first: list[0] }
      const token = await store.create(i === 0 ? data : { list: [], first: 0 })
      if (i > 0) await store.update(token, data)
      for (let read = 0; read < 3; read++) {
        const back = (await store.read<typeof data>(token))?.data
        equal(t, back, expected(data))
        for (const [k, one] of list.entries()) {
          const isBig = typeof one === 'bigint' && !Number.isSafeInteger(Number(one))
          t.is(typeof back?.list[k], isBig ? 'bigint' : 'number', `${typeof one} ${one}`)
        }
      }
    }
  })
}
