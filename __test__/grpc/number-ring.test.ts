/** A NumberRing behaves like a Map of numbered values. */
import test from 'ava'
import { NumberRing } from '../../build/src/grpc/client/number-ring.js'
import fc from '../helpers/fast-check.js'

test('a ring holds the same values as a Map, in the same order, while it grows and shrinks', (t) => {
  const lots = fc.record({ add: fc.nat(3000), remove: fc.nat(4000), skip: fc.nat(2) })
  fc.assert(
    fc.property(fc.array(lots, { maxLength: 8 }), (steps) => {
      const ring = new NumberRing<string>()
      const model = new Map<number, string>()
      for (const { add, remove, skip } of steps) {
        for (let i = 0; i < add; i++) model.set(ring.next, nameOf(ring.add(nameOf(ring.next))))
        const numbers = [...model.keys()].filter((_number, i) => i % 3 >= skip).slice(0, remove)
        for (const number of numbers) {
          model.delete(number)
          ring.delete(number)
        }
        t.deepEqual([...ring], [...model.values()])
        t.is(ring.lowest, model.keys().next().value ?? ring.next)
        for (const number of numbers) t.is(ring.get(number), undefined)
      }
      t.is(ring.get(ring.next), undefined)
      t.is(ring.get(0), undefined)
    }),
    { numRuns: 100 },
  )
})

const nameOf = (number: number) => `value ${number}`
