/** A window does what a Map of numbered values would do. */
import test from 'ava'
import { NumberRing } from '../../build/src/grpc/client/number-ring.js'
import fc from '../helpers/fast-check.js'

test('a window holds what a map would hold, in the same order, however it grows and shrinks', (t) => {
  const lots = fc.record({ add: fc.nat(3000), remove: fc.nat(4000), skip: fc.nat(2) })
  fc.assert(
    fc.property(fc.array(lots, { maxLength: 8 }), (steps) => {
      const window = new NumberRing<string>()
      const model = new Map<number, string>()
      for (const { add, remove, skip } of steps) {
        for (let i = 0; i < add; i++)
          model.set(window.next, nameOf(window.add(nameOf(window.next))))
        const numbers = [...model.keys()].filter((_number, i) => i % 3 >= skip).slice(0, remove)
        for (const number of numbers) {
          model.delete(number)
          window.delete(number)
        }
        t.deepEqual([...window], [...model.values()])
        t.is(window.lowest, model.keys().next().value ?? window.next)
        for (const number of numbers) t.is(window.get(number), undefined)
      }
      t.is(window.get(window.next), undefined)
      t.is(window.get(0), undefined)
    }),
    { numRuns: 100 },
  )
})

const nameOf = (number: number) => `value ${number}`
