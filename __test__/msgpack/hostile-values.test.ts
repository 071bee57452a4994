/** Any value as data through an open store, by every call: an equal one comes back, or it is refused
 * with a code, and the store goes on. Objects that run code while they are read are among them. */

import test, { type ExecutionContext } from 'ava'
import { Store } from 'crudjt'
import { equal } from '../helpers/equal.js'
import { expected } from '../helpers/expected.js'
import fc from '../helpers/fast-check.js'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const path = newFolder()
const options = { path, secret_key: KEY, max_data_size: 65_536 }
let store: Store

test.before(async () => {
  store = await Store.open(options)
})
test.after.always(async () => {
  await store.close()
  removeFolder(path)
})

const key = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('__proto__', 'constructor', 'toJSON', 'then', 'length', '0', '-1', '', '\ud800'),
)
const scalar = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.double(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 80 }),
  fc.constantFrom(null, undefined, true, false, -0, Number.NaN, 2 ** 53, '\udc00', -(2n ** 63n)),
)
const rare = fc.oneof(
  fc.float32Array({ maxLength: 3 }),
  fc.uint8ClampedArray({ maxLength: 3 }),
  fc.constantFrom(Symbol('s'), /r/, new Error('e'), new Set([1]), () => 1, new WeakMap()),
)
const { value, object } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { arbitrary: scalar, weight: 12 },
    { arbitrary: rare, weight: 1 },
    { arbitrary: fc.array(tie('value'), { maxLength: 12 }), weight: 4 },
    { arbitrary: fc.sparseArray(tie('value'), { maxNumElements: 4 }), weight: 1 },
    { arbitrary: tie('object'), weight: 4 },
    { arbitrary: fc.array(fc.tuple(key, tie('value'))).map((all) => new Map(all)), weight: 2 },
    { arbitrary: fc.anything({ withBigInt: true, withNullPrototype: true }), weight: 2 },
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 8 }),
})) as { value: fc.Arbitrary<unknown>; object: fc.Arbitrary<Record<string, unknown>> }

const CODES = ['ERR_CRUDJT_DATA', 'ERR_CRUDJT_DATA_TOO_LARGE']

/** The token that a call gives, or the code that it is refused with. */
async function outcome(
  call: () => string | Promise<string>,
): Promise<{ token?: string; code?: string }> {
  try {
    return { token: await call() }
  } catch (error) {
    return { code: (error as { code?: string }).code ?? `no code: ${error}` }
  }
}

/** What the data is stored as by all calls alike; nothing if all of them refuse it. */
async function stored(t: ExecutionContext, data: unknown): Promise<string | undefined> {
  const given = data as object
  const sync = await outcome(() => store.createSync(given))
  const later = await outcome(() => store.create(given))
  const other = await store.create({ old: true })
  const update = await outcome(async () => ((await store.update(other, given)) ? other : 'none'))
  t.is(later.code, sync.code)
  t.is(update.code, sync.code)
  if (sync.code !== undefined) {
    t.true(CODES.includes(sync.code), sync.code)
    equal(t, store.readSync(other), { data: { old: true } })
    return undefined
  }
  const back = store.readSync(sync.token as string)?.data
  equal(t, (await store.read(later.token as string))?.data, back)
  equal(t, (await store.read(update.token as string))?.data, back)
  return sync.token
}

test.serial('any object comes back equal, also from a reopened store, or is refused', async (t) => {
  const all: [token: string, data: unknown][] = []
  let refused = 0
  const one = async (data: Record<string, unknown>) => {
    const token = await stored(t, data)
    if (token === undefined) return void refused++
    equal(t, store.readSync(token)?.data, expected(data))
    all.push([token, expected(data)])
  }
  await fc.assert(fc.asyncProperty(object, one), { numRuns: 700 })
  t.true(all.length > 100 && refused > 100, `${all.length} stored, ${refused} refused`)
  await store.close()
  store = await Store.open(options)
  for (const [token, data] of all) equal(t, store.readSync(token)?.data, data)
})

test.serial('anything but an object is refused by every call', async (t) => {
  const isObject = (given: unknown) => Object.prototype.toString.call(given) === '[object Object]'
  const none = fc.oneof(value, fc.anything()).filter((given) => !isObject(given))
  await fc.assert(
    fc.asyncProperty(none, async (data) => {
      t.is(await stored(t, data), undefined)
    }),
    { numRuns: 300 },
  )
})

test.serial('a cycle through any objects and arrays is refused', async (t) => {
  const circle = async (data: Record<string, unknown>, links: boolean[]) => {
    let inner: object = data
    for (const isList of links) inner = isList ? [1, inner] : { a: 1, inner }
    data.back = inner
    t.is(await stored(t, data), undefined)
  }
  const links = fc.array(fc.boolean(), { maxLength: 140 })
  await fc.assert(fc.asyncProperty(object, links, circle), { numRuns: 100 })
})

test.serial('arrays, texts and bytes of any size come back or are too large', async (t) => {
  const kinds = [
    (size: number) => ({ list: new Array(size).fill(1) }),
    (size: number) => ({ text: 'x'.repeat(size) }),
    (size: number) => ({ bytes: Buffer.alloc(size, 7) }),
    (size: number) => ({ lists: Array.from({ length: size >> 3 }, () => [size]) }),
    (size: number) => ({ holes: new Array(size) }),
  ]
  const sizes = fc.oneof(fc.nat(300), fc.nat(70_000), fc.integer({ min: 65_000, max: 66_000 }))
  const huge = fc.constantFrom(2 ** 20, 2 ** 24)
  const make = fc.tuple(fc.nat(kinds.length - 1), fc.oneof({ arbitrary: sizes, weight: 9 }, huge))
  let [kept, tooLarge] = [0, 0]
  await fc.assert(
    fc.asyncProperty(make, async ([kind, size]) => {
      const data = (kinds[kind] as (size: number) => object)(size)
      const token = await stored(t, data)
      if (token === undefined) {
        t.true(size > 8_000)
        tooLarge++
      } else {
        equal(t, store.readSync(token)?.data, expected(data))
        kept++
      }
    }),
    { numRuns: 120 },
  )
  t.true(kept > 10 && tooLarge > 10, `${kept} kept, ${tooLarge} too large`)
})

/** What an object may do while it is read. */
const tricks: Record<string, (data: Record<string, unknown>) => unknown> = {
  'adds a key': (data) => (data[`added ${Object.keys(data).length}`] = 1),
  'removes the last key': (data) => delete data.z,
  'changes the last key': (data) => (data.z = { other: Symbol('z') }),
  'lengthens the list': (data) => (data.list as unknown[]).push(1, 2, 3),
  'cuts the list': (data) => ((data.list as unknown[]).length = 0),
  'stores something else': () => store.createSync({ inner: 'x'.repeat(2000) }),
  'reads something else': () => store.readSync(store.createSync({ inner: [1] })),
  'is refused something': () => refuses(() => store.createSync({ inner: Symbol('x') })),
  'gives an object of its own': () => ({ a: [1, { b: 2 }] }),
  'gives itself': (data) => data,
}

function refuses(call: () => unknown): boolean {
  try {
    call()
    return false
  } catch {
    return true
  }
}

/** An object one of whose properties does something, at its front or in its midst. */
function tricky(trick: (data: Record<string, unknown>) => unknown, at: number): object {
  const data: Record<string, unknown> = {}
  const keys = ['a', 'list', 'm', 'z']
  for (const [i, name] of keys.entries()) {
    if (i === at)
      Object.defineProperty(data, 'getter', { enumerable: true, get: () => trick(data) })
    data[name] = name === 'list' ? [1, 2, 3, 4] : name.repeat(40)
  }
  return data
}

test.serial('an object with side effects while it is read harms nothing else', async (t) => {
  const fence = { fence: ['left', 'as', 'it', 'is'] }
  let [kept, refused] = [0, 0]
  for (const [name, trick] of Object.entries(tricks)) {
    for (const at of [0, 1, 2, 3]) {
      const token = store.createSync(fence)
      const made = await outcome(() => store.createSync(tricky(trick, at)))
      if (made.code !== undefined) {
        t.true(CODES.includes(made.code), `${name}: ${made.code}`)
        refused++
      } else {
        const data = store.readSync<{ a: string }>(made.token as string)?.data
        t.is(data?.a, 'a'.repeat(40), name)
        kept++
      }
      equal(t, store.readSync(token), { data: fence }, name)
      equal(t, store.readSync(store.createSync(fence)), { data: fence }, name)
    }
  }
  t.true(kept > 0 && refused > 0, `${kept} kept, ${refused} refused`)
})

test.serial(
  'an error thrown by an object while it is read reaches the caller unchanged',
  async (t) => {
    const thrown = new Error('mine')
    const fail = () => {
      throw thrown
    }
    const getter = Object.defineProperty({ a: 1 }, 'b', { enumerable: true, get: fail })
    const traps = { ownKeys: fail, get: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail }
    const failing: object[] = [getter, { in: getter }, { list: [getter] }, { toJSON: fail }]
    for (const [name, trap] of Object.entries(traps)) {
      failing.push({ in: new Proxy({ a: 1 }, { [name]: trap }) })
    }
    for (const data of failing) {
      t.is(
        t.throws(() => store.createSync(data)),
        thrown,
      )
      t.is(await t.throwsAsync(() => store.create(data)), thrown)
      const token = store.createSync({ kept: 1 })
      t.is(
        t.throws(() => store.updateSync(token, data)),
        thrown,
      )
      equal(t, store.readSync(token), { data: { kept: 1 } })
    }
  },
)

test.serial('any value as a token is unknown, or refused with a code', async (t) => {
  const token = fc.oneof(fc.anything(), fc.string({ minLength: 20, maxLength: 24 }), fc.string())
  await fc.assert(
    fc.asyncProperty(token, async (given) => {
      const text = given as string
      const read = await outcome(async () => `${await store.read(text)}`)
      const sync = await outcome(async () => `${store.readSync(text)}`)
      const deleted = await outcome(async () => `${await store.delete(text)}`)
      const isAsked = typeof given === 'string' && given !== ''
      equal(t, read, isAsked ? { token: 'null' } : { code: 'ERR_CRUDJT_TOKEN' })
      equal(t, sync, read)
      equal(t, deleted, isAsked ? { token: 'false' } : { code: 'ERR_CRUDJT_TOKEN' })
    }),
    { numRuns: 500 },
  )
})

test.serial('any value as a limit is taken or refused with a code', async (t) => {
  const limit = fc.oneof(fc.anything(), fc.double(), fc.bigInt(), fc.maxSafeInteger(), fc.nat(9))
  let [taken, refused] = [0, 0]
  await fc.assert(
    fc.asyncProperty(limit, limit, async (ttl, reads) => {
      const made = await outcome(() => store.createSync({ a: 1 }, ttl as number, reads as number))
      if (made.code !== undefined) {
        t.true(made.code.startsWith('ERR_CRUDJT_'), made.code)
        return void refused++
      }
      taken++
      const session = store.readSync(made.token as string)
      equal(t, session?.data, { a: 1 })
      const isGiven = (given: unknown) => typeof given === 'number' || typeof given === 'bigint'
      t.is(session?.metadata?.silence_read !== undefined, isGiven(reads))
    }),
    { numRuns: 400 },
  )
  t.true(taken > 10 && refused > 10, `${taken} taken, ${refused} refused`)
})
