/** The memo of decoded records: what it remembers, and how little. */
import { createHash } from 'node:crypto'
import test from 'ava'
import { Memo } from '../dist/src/memo.js'
import { Shape } from '../dist/src/shapes.js'

const shape = new Shape(['a', 'b'], [])
const row = (a: unknown) => [a, 'b']
/** Like the engine's: 22 characters, none more likely than another. */
const token = (i: number) => createHash('md5').update(`${i}`).digest('base64url')

/** What the memo knows of a token. */
function known(memo: Memo, name: string) {
  if (!memo.find(name)) return undefined
  return { version: memo.version, data: memo.shape?.make(memo.row, memo.from, (value) => value) }
}

test('what is put in is found with its version, until it is deleted', (t) => {
  const memo = new Memo(1_000_000)
  const [a, b] = [token(1), token(2)]
  t.is(known(memo, a), undefined)
  memo.set(a, 1, shape, row(1), 0)
  memo.set(b, 7, shape, row(2), 0)
  t.deepEqual(known(memo, a), { version: 1, data: { a: 1, b: 'b' } })
  t.deepEqual(known(memo, b), { version: 7, data: { a: 2, b: 'b' } })
  memo.delete(a)
  t.is(known(memo, a), undefined)
  t.deepEqual(known(memo, b), { version: 7, data: { a: 2, b: 'b' } })
})

test('a newer version takes the place of the older one, of whatever shape', (t) => {
  const memo = new Memo(1_000_000)
  const a = token(1)
  memo.set(a, 1, shape, row(1), 0)
  memo.set(a, 2, shape, row(2), 0)
  t.deepEqual(known(memo, a), { version: 2, data: { a: 2, b: 'b' } })
  const wider = new Shape(['x', 'y', 'z'], [])
  memo.set(a, 3, wider, [1, 2, 3], 0)
  t.deepEqual(known(memo, a), { version: 3, data: { x: 1, y: 2, z: 3 } })
})

test('the budget is kept, by dropping the oldest', (t) => {
  for (const budget of [10_000, 50_000, 1_000_000]) {
    const memo = new Memo(budget)
    for (let i = 0; i < 50_000; i++) {
      if (memo.admits()) memo.set(token(i), i, shape, row(i), i % 50)
      if (memo.bytes > budget) t.fail(`${memo.bytes} of ${budget} bytes`)
    }
    const found = Array.from({ length: 50_000 }, (_, i) => i).filter((i) => memo.find(token(i)))
    t.true(found.length > 10)
    t.true(found.length * 88 <= budget)
    for (const i of found)
      t.deepEqual(known(memo, token(i)), { version: i, data: { a: i, b: 'b' } })
  }
})

test('going round more tokens than fit finds some of them each time', (t) => {
  const memo = new Memo(100_000)
  let hits = 0
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4000; i++) {
      if (memo.find(token(i))) hits++
      else if (memo.admits()) memo.set(token(i), i, shape, row(i), 0)
    }
  }
  t.true(hits > 1000, `${hits} hits`)
})

test('without a budget, or for what is wider than it, nothing is remembered', (t) => {
  const none = new Memo(0)
  t.false(none.admits())
  const small = new Memo(10_000)
  const keys = Array.from({ length: 5000 }, (_, i) => `key${i}`)
  const wide = token(0)
  small.set(wide, 1, new Shape(keys, []), keys, 0)
  t.is(known(small, wide), undefined)
  t.true(small.bytes <= 10_000)
})
