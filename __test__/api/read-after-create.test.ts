/** What was just created is cached without being decoded where its shape has come before: it must read
 * as if it had been decoded. */
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import { Store } from 'crudjt'
import { equal } from '../helpers/equal.js'
import { expected } from '../helpers/expected.js'
import fc from '../helpers/fast-check.js'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const path = newFolder()
const options = { path, secret_key: KEY, max_data_size: 65_536 }

test.after.always(() => removeFolder(path))

/** A kind of data that comes so often has surely been recognised. */
const TIMES = 40

const key = fc.oneof(
  // Refused, since it would change the object's prototype.
  fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text !== '__proto__'),
  fc.constantFrom('id', 'user', 'ü', '7', 'constructor', 'a key of more than thirty-one bytes'),
)
const text = fc.oneof(
  fc.constantFrom('', 'lax', '/'),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ minLength: 200, maxLength: 300 }),
)
const leaf = fc.oneof(text, fc.double(), fc.maxSafeInteger(), fc.constantFrom(null, true, -0))
const odd = fc.oneof(
  fc.constantFrom(undefined, {}, [], 2n ** 60n, new Date(5), new Map([['id', 1]])),
  fc.record({ id: leaf }, { noNullPrototype: true }),
  fc.array(fc.record({ id: leaf }, { noNullPrototype: true }), { maxLength: 2 }),
  fc.uint8Array({ maxLength: 4 }),
  fc.constant({ toJSON: () => ({ id: 7 }) }),
)

type Kind = { [name: string]: Kind | 'leaf' }
const { kind } = fc.letrec<{ kind: Kind; inner: Kind | 'leaf' }>((tie) => ({
  kind: fc.dictionary(key, tie('inner'), { minKeys: 1, maxKeys: 7, depthIdentifier: 'kind' }),
  inner: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'kind' },
    { arbitrary: fc.constant('leaf' as const), weight: 3 },
    { arbitrary: tie('kind'), weight: 1 },
  ),
}))

/** Data of a kind, now and then with something else in it. */
function dataOf(kind: Kind | 'leaf'): fc.Arbitrary<unknown> {
  const usual =
    kind === 'leaf'
      ? leaf
      : fc.record(Object.fromEntries(Object.entries(kind).map(([k, v]) => [k, dataOf(v)])), {
          noNullPrototype: true,
        })
  return fc.oneof({ arbitrary: usual, weight: 40 }, { arbitrary: odd, weight: 1 })
}

const run = fc
  .array(kind, { minLength: 1, maxLength: 2 })
  .chain((kinds) =>
    fc.array(fc.oneof(...kinds.map(dataOf)), { minLength: TIMES, maxLength: TIMES }),
  )
  .map((all) => all.filter(isPlain))

function isPlain(data: unknown): data is object {
  return (
    typeof data === 'object' && data !== null && Object.getPrototypeOf(data) === Object.prototype
  )
}

test('data of one shape or two reads as it was created, from the cache and from the file', async (t) => {
  let created = 0
  await fc.assert(
    fc.asyncProperty(run, async (all) => {
      created += all.length
      const store = await Store.open(options)
      const tokens: string[] = []
      for (const data of all) tokens.push(await store.create(data))
      const same = async (from: Store) => {
        for (const [i, token] of tokens.entries()) {
          const session = await from.read(token)
          const right = isDeepStrictEqual(session?.data, expected(all[i]))
          if (!right) t.fail(`${JSON.stringify(session)} of ${JSON.stringify(all[i])}`)
        }
      }
      await same(store)
      await same(store)
      await store.close()
      const again = await Store.open(options)
      await same(again)
      await again.close()
    }),
    { numRuns: 150 },
  )
  t.true(created > 100 * TIMES, `${created} created`)
})

test('shapes with the same keys in other places are distinguished', async (t) => {
  const store = await Store.open({ ...options, path: `${path}-kinds` })
  const kinds = [
    { a: { b: 1 }, c: 2 },
    { a: 3, b: 4, c: 5 },
    { a: { b: { c: 6 } } },
    { a: { b: 7, c: 8 } },
    { a: { b: 9 } },
    { a: 10, b: 11 },
    { a: {}, b: 12, c: 13 },
  ]
  for (const usual of kinds) {
    for (let i = 0; i < TIMES; i++) await store.create(usual)
    for (const data of kinds) {
      equal(t, (await store.read(await store.create(data)))?.data, data)
    }
  }
  await store.close()
  removeFolder(`${path}-kinds`)
})

test('a substring does not keep its long text in memory', async (t) => {
  const store = await Store.open({ ...options, path: `${path}-parts`, cache_size: 64 << 20 })
  const before = process.memoryUsage().heapUsed
  const tokens: string[] = []
  for (let i = 0; i < 2_000; i++) {
    const page = `${i} ${'x'.repeat(50_000)}`
    tokens.push(await store.create({ part: page.slice(0, 20), user: { name: page.slice(3, 30) } }))
  }
  t.true(process.memoryUsage().heapUsed - before < 60_000_000)
  const { data } = (await store.read(tokens[1_999] as string)) ?? {}
  equal(t, data, { part: '1999 xxxxxxxxxxxxxxx', user: { name: `9 ${'x'.repeat(25)}` } })
  await store.close()
  removeFolder(`${path}-parts`)
})
