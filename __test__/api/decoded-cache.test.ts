/** The cache of decoded records: what it holds, and how little memory it takes. */
import test from 'ava'
import { Shape } from '../../build/src/msgpack/shapes/index.js'
import { DecodedCache } from '../../build/src/records/decoded-cache.js'

const NO_SLOT = -1
/** Nothing of it is shared: all records differ in both values. */
const row = (a: number) => [a, `${a}`]
const data = (a: number) => ({ a, b: `${a}` })
const newShape = () => new Shape(['a', 'b'], [])

/** A cache with a note of the slot below which it has told to forget. */
function newCache(budget: number) {
  const told = { oldest: 0 }
  const cache = new DecodedCache(budget, (slot) => {
    told.oldest = slot
  })
  return { cache, told }
}

/** Adds a record in a slot reserved for it; its slot. */
function add(cache: DecodedCache, shape: Shape, values: unknown[], bytes = 0): number {
  const slot = cache.reserve(shape.width)
  if (slot !== NO_SLOT) cache.fill(shape, values, bytes)
  return slot
}

/** Its lower and upper half. */
const halves = (slot: number) => [slot >>> 0, Math.floor(slot / 2 ** 32)] as const

function dataIn(cache: DecodedCache, slot: number) {
  return cache.data(...halves(slot))
}

test('what is added is found in its slot', (t) => {
  const { cache } = newCache(1_000_000)
  const shape = newShape()
  const [a, b] = [add(cache, shape, row(1)), add(cache, shape, row(2))]
  t.not(a, b)
  t.deepEqual(dataIn(cache, a), data(1))
  t.deepEqual(dataIn(cache, b), data(2))
})

test('a record that is added without a reserved slot is told its slot', (t) => {
  const { cache } = newCache(1_000_000)
  t.deepEqual(dataIn(cache, cache.add(newShape(), row(1), 0)), data(1))
  t.is(newCache(0).cache.add(newShape(), row(1), 0), NO_SLOT)
})

test('a slot that was reserved and not filled goes to the next', (t) => {
  const { cache } = newCache(1_000_000)
  const reserved = cache.reserve(5)
  t.is(add(cache, newShape(), row(1)), reserved)
  t.deepEqual(dataIn(cache, reserved), data(1))
})

test('a record overwrites an older one only if it shares the same values', (t) => {
  const { cache } = newCache(1_000_000)
  const shape = newShape()
  const [slot, next] = [add(cache, shape, row(1)), add(cache, shape, row(9))]
  t.is(cache.replace(...halves(slot), shape, row(2), 0), slot)
  t.deepEqual(dataIn(cache, slot), data(2))
  const other = new Shape(['x', 'y', 'z'], [])
  const elsewhere = cache.replace(...halves(slot), other, [1, 2, 3], 0)
  t.false([slot, next, NO_SLOT].includes(elsewhere))
  t.deepEqual(dataIn(cache, elsewhere), { x: 1, y: 2, z: 3 })
  t.deepEqual(dataIn(cache, slot), data(2))
  t.deepEqual(dataIn(cache, next), data(9))
})

test('the budget is kept by evicting the oldest, and the engine is told', (t) => {
  const budgets = [10_000, 50_000, 1_000_000]
  for (const [budget, weight] of budgets.flatMap((all) => [
    [all, 1] as const,
    [all, 10] as const,
  ])) {
    const { cache, told } = newCache(budget)
    const shape = newShape()
    const slots = new Map<number, number>()
    for (let i = 0; i < 50_000; i++) {
      const slot = add(cache, shape, row(i), (i % 50) * weight)
      if (slot !== NO_SLOT) slots.set(i, slot)
      if (cache.bytes > budget) t.fail(`${cache.bytes} of ${budget} bytes`)
    }
    const kept = [...slots].filter(([, slot]) => slot >= told.oldest)
    t.true(kept.length * 2_000 > budget)
    t.true(kept.length * 32 <= budget)
    for (const [i, slot] of kept) t.deepEqual(dataIn(cache, slot), data(i))
  }
})

test('a full cache admits a fraction of new records', (t) => {
  for (const bytes of [0, 400]) {
    const { cache } = newCache(100_000)
    const shape = newShape()
    const added = Array.from({ length: 40_000 }, (_, i) => {
      return add(cache, shape, row(i), bytes) !== NO_SLOT
    })
    const late = added.slice(20_000).filter((isIn) => isIn).length
    t.true(late > 1000 && late < 5000, `${late} of 20 000`)
  }
})

test('a record of more bytes than before counts as such', (t) => {
  const { cache } = newCache(1_000_000)
  const shape = newShape()
  const slot = add(cache, shape, row(1), 100)
  const before = cache.bytes
  cache.replace(...halves(slot), shape, row(2), 150)
  t.is(cache.bytes, before + 50)
})

test('without a budget, or for what is wider than it, nothing is cached', (t) => {
  t.is(newCache(0).cache.reserve(1), NO_SLOT)
  const { cache } = newCache(10_000)
  t.is(cache.reserve(5000), NO_SLOT)
  t.true(cache.bytes <= 10_000)
})

test('cleared, it has told to forget every slot', (t) => {
  const { cache, told } = newCache(1_000_000)
  const slot = add(cache, newShape(), row(1))
  cache.clear()
  t.true(told.oldest > slot)
})
