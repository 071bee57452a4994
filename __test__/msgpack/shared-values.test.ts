/** What records of one shape have in common is cached once: each must read as what was created, whatever
 * those before and after it were. */
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import { Store } from 'crudjt'
import { Shape } from '../../build/src/msgpack/shapes/index.js'
import { type SharedValues, sharedValuesFor } from '../../build/src/records/shared-values.js'
import { equal } from '../helpers/equal.js'
import { expected } from '../helpers/expected.js'
import fc from '../helpers/fast-check.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const inner = new Shape(['b', 'c'], [undefined, undefined])
const newShape = () => new Shape(['a', 'in', 'd'], [undefined, inner, undefined])

/** The shared values of a shape once records have settled them. */
function settled(values: unknown[], shape = newShape()): SharedValues {
  let shared = sharedValuesFor(shape, values)
  for (let i = 0; !shared.isSettled && i < 100; i++) shared = sharedValuesFor(shape, values)
  return shared
}

test('a record has only the values of its own that others of its shape do not have', (t) => {
  const shape = newShape()
  t.is(settled([1, 'x', null, true], shape).width, 0)
  const row: unknown[] = []
  const next = sharedValuesFor(shape, [1, 'y', null, true])
  next.put([1, 'y', null, true], row, 0)
  equal(t, row, ['y'])
  const data = { a: 1, in: { b: 'y', c: null }, d: true }
  for (let i = 0; i < 200; i++) equal(t, next.build(row, 0), data)
})

test('a record that was cached before stays what it was', (t) => {
  const shape = newShape()
  const before = settled([1, 2, 3, 4], shape)
  sharedValuesFor(shape, [5, 6, 7, 8])
  for (let i = 0; i < 200; i++) {
    equal(t, before.build([], 0), { a: 1, in: { b: 2, c: 3 }, d: 4 })
  }
})

test('no object is shared, and nothing that is not equal to itself', (t) => {
  const list = [1]
  const shape = newShape()
  t.is(settled([list, new Date(5), Number.NaN, 7], shape).width, 2)
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
  t.true(all.size < 15, `${all.size} times`)
  t.is([...all].at(-1)?.width, 40)
  t.false([...all].some((shared, i, before) => shared.width < (before[i - 1]?.width ?? 0)))
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
