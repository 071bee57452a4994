/** The memo of decoded records: what it remembers, and how little. */
import test from 'ava'
import { Shape } from '../../build/src/msgpack/shapes/shape.js'
import { type SharedValues, sharedValuesFor } from '../../build/src/msgpack/shapes/shared-values.js'
import { DecodedCache, placeOf, rowOf } from '../../build/src/records/decoded-cache.js'

const NO_SLOT = -1
const row = (a: unknown) => [a, 'b']
const pattern = sharedValuesFor(new Shape(['a', 'b'], []), row(0))

/** A memo with a note of the slot below which it has told to forget. */
function newMemo(budget: number) {
  const told = { oldest: 0 }
  const memo = new DecodedCache(budget, (slot) => {
    told.oldest = slot
  })
  return { memo, told }
}

/** Puts a record in; its slot. */
function add(memo: DecodedCache, of: SharedValues, values: unknown[], bytes = 0): number {
  const slot = memo.reserve(of.width)
  if (slot !== NO_SLOT) memo.fill(of, values, bytes)
  return slot
}

/** Its row and its place. */
const within = (slot: number) => [rowOf(slot, Math.floor(slot / 2 ** 32)), placeOf(slot)] as const

function dataIn(memo: DecodedCache, slot: number) {
  return memo.data(...within(slot))
}

test('a record is found in its slot', (t) => {
  const { memo } = newMemo(1_000_000)
  const [a, b] = [add(memo, pattern, row(1)), add(memo, pattern, row(2))]
  t.not(a, b)
  t.deepEqual(dataIn(memo, a), { a: 1, b: 'b' })
  t.deepEqual(dataIn(memo, b), { a: 2, b: 'b' })
})

test('a slot that was reserved and not filled goes to the next record', (t) => {
  const { memo } = newMemo(1_000_000)
  const reserved = memo.reserve(5)
  t.is(add(memo, pattern, row(1)), reserved)
  t.deepEqual(dataIn(memo, reserved), { a: 1, b: 'b' })
})

test('a record replaces an older one of the same shared values only', (t) => {
  const { memo } = newMemo(1_000_000)
  const [slot, next] = [add(memo, pattern, row(1)), add(memo, pattern, row(9))]
  t.true(memo.replace(...within(slot), pattern, row(2), 0))
  t.deepEqual(dataIn(memo, slot), { a: 2, b: 'b' })
  const other = sharedValuesFor(new Shape(['x', 'y', 'z'], []), [1, 2, 3])
  t.false(memo.replace(...within(slot), other, [1, 2, 3], 0))
  t.deepEqual(dataIn(memo, slot), { a: 2, b: 'b' })
  t.deepEqual(dataIn(memo, next), { a: 9, b: 'b' })
})

test('over budget the oldest records are evicted, and the engine is told', (t) => {
  const budgets = [10_000, 50_000, 1_000_000]
  for (const [budget, weight] of budgets.flatMap((all) => [
    [all, 1] as const,
    [all, 10] as const,
  ])) {
    const { memo, told } = newMemo(budget)
    const slots = new Map<number, number>()
    for (let i = 0; i < 50_000; i++) {
      const slot = add(memo, pattern, row(i), (i % 50) * weight)
      if (slot !== NO_SLOT) slots.set(i, slot)
      if (memo.bytes > budget) t.fail(`${memo.bytes} of ${budget} bytes`)
    }
    const kept = [...slots].filter(([, slot]) => slot >= told.oldest)
    t.true(kept.length * 2_000 > budget)
    t.true(kept.length * 32 <= budget)
    for (const [i, slot] of kept) t.deepEqual(dataIn(memo, slot), { a: i, b: 'b' })
  }
})

test('a full cache admits a fraction of new records', (t) => {
  for (const bytes of [0, 400]) {
    const { memo } = newMemo(100_000)
    const added = Array.from({ length: 40_000 }, (_, i) => {
      return add(memo, pattern, row(i), bytes) !== NO_SLOT
    })
    const late = added.slice(20_000).filter((isIn) => isIn).length
    t.true(late > 1000 && late < 5000, `${late} of 20 000`)
  }
})

test('a record that grows counts its new size', (t) => {
  const { memo } = newMemo(1_000_000)
  const slot = add(memo, pattern, row(1), 100)
  const before = memo.bytes
  memo.replace(...within(slot), pattern, row(2), 150)
  t.is(memo.bytes, before + 50)
})

test('nothing is cached without a budget or for a record wider than it', (t) => {
  t.is(newMemo(0).memo.reserve(1), NO_SLOT)
  const { memo } = newMemo(10_000)
  t.is(memo.reserve(5000), NO_SLOT)
  t.true(memo.bytes <= 10_000)
})

test('clearing the cache releases every slot', (t) => {
  const { memo, told } = newMemo(1_000_000)
  const slot = add(memo, pattern, row(1))
  memo.clear()
  t.true(told.oldest > slot)
})
