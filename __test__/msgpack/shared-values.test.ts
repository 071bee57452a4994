/** What records of one shape have in common is kept once: each must read as what was created, whatever
 * those before it and after it had. */

import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import { Store } from 'crudjt'
import { Shape } from '../../build/src/msgpack/shapes/shape.js'
import { type SharedValues, sharedValuesFor } from '../../build/src/msgpack/shapes/shared-values.js'
import { equal } from '../helpers/equal.js'
import { expected } from '../helpers/expected.js'
import fc from '../helpers/fast-check.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const inner = new Shape(['b', 'c'], [undefined, undefined])
const newShape = () => new Shape(['a', 'in', 'd'], [undefined, inner, undefined])
const same = (value: unknown) => value

/** The pattern of a shape when it is known what its records have in common. */
function settled(values: unknown[], shape = newShape()): SharedValues {
  let pattern = sharedValuesFor(shape, values)
  for (let i = 0; !pattern.isSettled && i < 100; i++) pattern = sharedValuesFor(shape, values)
  return pattern
}

test('a record keeps only the values that it does not share with others of its shape', (t) => {
  const pattern = settled([1, 'x', null, true])
  t.is(pattern.width, 0)
  const row: unknown[] = []
  const next = sharedValuesFor(pattern.shape, [1, 'y', null, true])
  next.put([1, 'y', null, true], row, 0)
  equal(t, row, ['y'])
  const data = { a: 1, in: { b: 'y', c: null }, d: true }
  for (let i = 0; i < 200; i++) equal(t, next.make(row, 0, same), data)
})

test('a record that was kept earlier stays unchanged', (t) => {
  const before = settled([1, 2, 3, 4])
  sharedValuesFor(before.shape, [5, 6, 7, 8])
  for (let i = 0; i < 200; i++) {
    equal(t, before.make([], 0, same), { a: 1, in: { b: 2, c: 3 }, d: 4 })
  }
})

test('objects and NaN are never shared', (t) => {
  const list = [1]
  t.is(settled([list, new Date(5), Number.NaN, 7]).width, 2)
  const { shape } = settled([list, new Date(5), Number.NaN, 7])
  t.is(sharedValuesFor(shape, [list, new Date(5), Number.NaN, 7]).width, 3)
})

test('a long text is not shared', (t) => {
  t.is(settled(['x'.repeat(64), 'x'.repeat(65), 1, 2]).width, 1)
})

test('a shape has few sets of shared values, and in the end nothing is shared', (t) => {
  const shape = new Shape(
    Array.from({ length: 40 }, (_, i) => `key${i}`),
    [],
  )
  const values = new Array(40).fill(0)
  const all = new Set([settled(values, shape)])
  for (let i = 0; i < 40; i++) {
    values[i] = 1
    all.add(sharedValuesFor(shape, values))
  }
  t.true(all.size < 15, `${all.size} patterns`)
  t.is([...all].at(-1)?.width, 40)
  t.false([...all].some((pattern, i, before) => pattern.width < (before[i - 1]?.width ?? 0)))
})

const leaf = fc.oneof(
  fc.constantFrom('', 'lax', 'an äöü', 0, -0, 7, 2.5, 2 ** 40, null, true, false),
  fc.string({ maxLength: 30 }),
  fc.double(),
  fc.constantFrom(new Date(5), [1, 'a'], { b: 1 }, 2n ** 60n),
)
const usual = fc.record({ id: leaf, user: fc.record({ name: leaf, role: leaf }), last: leaf })
type Usual = { id: unknown; user: { name: unknown; role: unknown }; last: unknown }
/** What differs in one record. */
const change = fc.array(fc.tuple(fc.constantFrom('id', 'name', 'role', 'last'), leaf), {
  maxLength: 2,
})

function changed({ id, user, last }: Usual, changes: [string, unknown][]): Usual {
  const all = { id, ...user, last, ...Object.fromEntries(changes) }
  return { id: all.id, user: { name: all.name, role: all.role }, last: all.last }
}

test('records that differ in a few values read as they were created or updated', async (t) => {
  const run = fc.tuple(usual, fc.array(change, { minLength: 40, maxLength: 80 }))
  await inFolder(async (path) => {
    await fc.assert(
      fc.asyncProperty(run, async ([first, changes]) => {
        const store = await Store.open({ path, secret_key: KEY })
        const all = changes.map((one) => changed(first, one))
        const tokens: string[] = []
        for (const data of all) tokens.push(await store.create(data))
        const right = await readThrice(store, tokens, all)
        const others = [...all].reverse()
        for (const [i, token] of tokens.entries()) {
          if (i % 2 === 0) await store.update(token, others[i] as object)
        }
        const mixed = all.map((data, i) => (i % 2 === 0 ? others[i] : data))
        const rightAgain = await readThrice(store, tokens, mixed)
        await store.close()
        const reopened = await Store.open({ path, secret_key: KEY })
        const rightCold = await readThrice(reopened, tokens, mixed)
        await reopened.close()
        return right && rightAgain && rightCold
      }),
      { numRuns: 60 },
    )
  })
  t.pass()
})

/** Whether all tokens read as what they should, however often. */
async function readThrice(store: Store, tokens: string[], all: unknown[]): Promise<boolean> {
  for (let time = 0; time < 3; time++) {
    for (const [i, token] of tokens.entries()) {
      const session = await store.read(token)
      if (!isDeepStrictEqual(session?.data, expected(all[i]))) return false
    }
  }
  return true
}
