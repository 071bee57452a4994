/** Data of shapes that come again and again is encoded by compiled encoders: to the same bytes as any
 * other, whatever came before, also where it only looks alike. */
import test, { type ExecutionContext } from 'ava'
import { type CRUDJTError, Store } from 'crudjt'
import { Packr } from 'msgpackr'
import { encodeCompiled } from '../../build/src/msgpack/shapes/index.js'
import { sharedValuesOf } from '../../build/src/records/shared-values.js'
import { pack } from '../helpers/codec.js'
import { equal } from '../helpers/equal.js'
import fc from '../helpers/fast-check.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const msgpackr = new Packr({ useRecords: false, variableMapSize: true })
const LIMIT = 65_536
/** A shape that comes so often surely has an encoder. */
const TIMES = 40
/** The same after many rare shapes, when records are sampled less often. */
const LATER_TIMES = 1_000

const same = (data: object) => pack(data, LIMIT).equals(msgpackr.pack(data))

/** Has an encoder compiled for a shape. */
function practise(shape: object, times = TIMES): void {
  for (let i = 0; i < times; i++) pack(shape, LIMIT)
}

/** The same, and makes sure of it: nobody else has shapes with that first key. */
function learn(t: ExecutionContext, shape: Record<string, unknown>): void {
  practise(shape)
  t.not(encodeCompiled(shape, false), undefined)
}

const leaf = fc.oneof(
  fc.constantFrom('', 'a', 'member', 'ä', '\ud83d\ude00', 'x'.repeat(31), 'x'.repeat(32)),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string({ minLength: 200, maxLength: 1_100 }),
)
/** Values that contain others, or have a type of their own. */
const other = fc.oneof(
  fc.array(fc.integer(), { maxLength: 20 }),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.dictionary(fc.constantFrom('a', 'b'), fc.integer(), { noNullPrototype: true }),
  fc.constantFrom({}, [], new Date(1_000)),
)

type Data = { [key: string]: unknown }

/** Their values are filled in. */
const SHAPES: ((next: () => unknown) => Data)[] = [
  (next) => ({ id: next() }),
  (next) => ({ id: next(), name: next() }),
  (next) => ({ name: next(), id: next() }),
  (next) => ({ id: next(), user: { id: next(), role: next() }, last: next() }),
  (next) => ({ id: next(), user: { id: next() }, last: next() }),
  (next) => ({ user: { user: { user: next() }, last: next() } }),
  (next) => ({ 7: next(), a: next(), 'a key of thirty-one characters.': next() }),
  ...Array.from({ length: 6 }, (_, i) => (next: () => unknown) => ({
    [`key${i}`]: next(),
    nested: { [`key${i}`]: next(), b: next() },
  })),
]

const records = (value: fc.Arbitrary<unknown>) =>
  fc
    .array(fc.tuple(fc.nat(SHAPES.length - 1), fc.array(value, { minLength: 6, maxLength: 6 })), {
      minLength: 20,
      maxLength: 60,
    })
    .map((all) =>
      all.map(([shape, values]) => {
        let at = 0
        return SHAPES[shape]?.(() => values[at++]) as Data
      }),
    )

test('records of alternating shapes are packed to the same bytes as by msgpackr', (t) => {
  const mixed = records(fc.oneof({ arbitrary: leaf, weight: 12 }, { arbitrary: other, weight: 1 }))
  fc.assert(
    fc.property(mixed, (all) => {
      const usual = SHAPES[all.length % SHAPES.length]?.(() => 'usual') as Data
      practise(usual)
      for (const data of all) {
        if (!same(data)) return false
        if (!same(usual)) return false
      }
      return true
    }),
    { numRuns: 300 },
  )
  const compiled = SHAPES.filter((shape) =>
    encodeCompiled(
      shape(() => 'usual'),
      false,
    ),
  )
  t.true(compiled.length > 0, 'a shape that came often has a compiled encoder')
})

test('data that only resembles a known shape is encoded as what it is', (t) => {
  const known = { look: 1, user: { role: 'a', name: 'b' }, last: true }
  learn(t, known)
  const others: object[] = [
    { look: 1, last: true, user: { role: 'a', name: 'b' } },
    { look: 1, user: { name: 'b', role: 'a' }, last: true },
    { look: 1, user: { role: 'a' }, last: true },
    { look: 1, user: { role: 'a', name: 'b', more: 1 }, last: true },
    { look: 1, user: null, last: true },
    { look: 1, user: 'a', last: true },
    { look: 1, user: ['a', 'b'], last: true },
    { look: { look: 1 }, user: { role: 'a', name: 'b' }, last: true },
    { look: 1, user: { role: ['a'], name: {} }, last: new Date(5_000) },
    { look: 1, user: { role: 'a', name: 'b' } },
    { look: 1, user: { role: 'a', name: 'b' }, last: true, more: 2 },
  ]
  for (const data of others) {
    t.true(same(data), JSON.stringify(data))
    t.true(same(known))
  }
  const left = { look: 1, user: { role: undefined, name: 'b' }, last: true }
  t.true(pack(left).equals(msgpackr.pack({ look: 1, user: { name: 'b' }, last: true })))
  class User {
    role = 'a'
    name = 'b'
  }
  t.true(pack({ look: 1, user: new User(), last: true }).equals(msgpackr.pack(known)))
  class Other extends User {
    toJSON() {
      return { role: 'c', name: 'd' }
    }
  }
  const converted = msgpackr.pack({ ...known, user: { role: 'c', name: 'd' } })
  t.true(pack({ look: 1, user: new Other(), last: true }).equals(converted))
  const none = { look: 1, user: { role: { toJSON: () => undefined }, name: 'b' }, last: true }
  t.true(pack(none).equals(msgpackr.pack({ look: 1, user: { name: 'b' }, last: true })))
  const bare = Object.assign(Object.create(null), { role: 'a', name: 'b' })
  t.true(pack({ look: 1, user: bare, last: true }).equals(msgpackr.pack(known)))
  t.true(same(known))
})

test('values that records of a shape share are found after they were only encoded before', (t) => {
  learn(t, { common: 1, user: { role: 'a', name: 'b' } })
  const widths = Array.from({ length: TIMES }, (_, i) => {
    const image = encodeCompiled({ common: 1, user: { role: 'a', name: `${i}` } }, true)
    return image && sharedValuesOf(image).width
  })
  equal(t, [widths[0], widths.at(-1)], [3, 1])
})

test('data that is not a map is refused before its keys are listed: there may be millions', (t) => {
  learn(t, { list: 1 })
  const unlisted = new Proxy([1], {
    ownKeys() {
      throw new Error('its keys were listed')
    },
  })
  t.throws(() => pack(unlisted), { code: 'ERR_CRUDJT_DATA' })
})

test('a refused value is named by its path, and the next record is whole', (t) => {
  const known = { path: 1, user: { role: 'a', name: 'b' } }
  learn(t, known)
  const refused: [object, string][] = [
    [{ path: 2, user: { role: 'c', name: () => 1 } }, 'data.user.name'],
    [{ path: 3, user: { role: Symbol('s'), name: 'd' } }, 'data.user.role'],
    [{ path: 4, user: { role: [1, new Set()], name: 'd' } }, 'data.user.role[1]'],
    [{ path: new Map([['a', /r/]]), user: { role: 'c', name: 'd' } }, 'data.path.a'],
  ]
  for (const [data, path] of refused) {
    const error = t.throws(() => pack(data), { code: 'ERR_CRUDJT_DATA' })
    t.true(error?.message.startsWith(`${path} can't be stored`), error?.message)
    t.true(same(known))
    t.true(same({ path: 'long enough to move what follows', user: { role: 'a', name: 'b' } }))
  }
  t.throws(() => pack({ path: 'x'.repeat(300), user: { role: 'a', name: 'b' } }, 256), {
    code: 'ERR_CRUDJT_DATA_TOO_LARGE',
    message: /256 bytesize: it takes \d+ bytes/,
  })
  t.true(same(known))
})

test('a getter that fails, or that uses a store, leaves the next record whole', async (t) => {
  await inFolder(async (folder) => {
    const store = await Store.open({ path: folder, secret_key: KEY })
    const known = { getter: 1, user: { role: 'a', name: 'b' } }
    for (let i = 0; i < TIMES; i++) await store.create(known)
    const failing = (fail: () => unknown) => ({
      getter: 2,
      user: {
        role: 'c',
        get name() {
          return fail()
        },
      },
    })
    const own = new Error('of the caller')
    const thrown = await t.throwsAsync(() =>
      store.create(
        failing(() => {
          throw own
        }),
      ),
    )
    t.is(thrown, own)
    const error = await t.throwsAsync(() => store.create(failing(() => store.createSync(known))))
    t.is((error as CRUDJTError).code, 'ERR_CRUDJT_DATA')
    equal(t, (await store.read(await store.create(known)))?.data, known)
    const got = failing(() => 'd')
    equal(t, (await store.read(await store.create(got)))?.data, {
      getter: 2,
      user: { role: 'c', name: 'd' },
    })
    await store.close()
  })
})

test.serial('inherited properties are not stored', (t) => {
  const known = { in: 1, name: 'a' }
  learn(t, known)
  Object.defineProperty(Object.prototype, 'name', {
    value: 'b',
    enumerable: true,
    configurable: true,
  })
  try {
    const encoded = pack({ in: 1 })
    t.true(encoded.equals(Buffer.from([0x81, 0xa2, 0x69, 0x6e, 1])))
  } finally {
    Reflect.deleteProperty(Object.prototype, 'name')
  }
  t.true(same(known))
})

/** Whether data is encoded by a compiled encoder after it came often. */
function isCompiled(shape: object): boolean {
  practise(shape, LATER_TIMES)
  return encodeCompiled(shape, false) !== undefined
}

test('a shape that comes often is compiled, however many rare ones came first', (t) => {
  for (let i = 0; i < 300; i++) practise({ [`rare${i}`]: i, value: 'a' }, LATER_TIMES)
  t.true(isCompiled({ often: 1, name: 'a' }))
})

test('maps nested in maps are compiled up to 16 levels', (t) => {
  const chain = (levels: number): object => ({ chain: levels === 1 ? 1 : chain(levels - 1) })
  t.true(isCompiled({ deep: 1, in: chain(15) }))
  t.false(isCompiled({ deeper: 1, in: chain(16) }))
  t.true(same({ deeper: 1, in: chain(16) }))
})

test('chosen keys do not use up the compiled encoders', (t) => {
  for (let i = 0; i < 100; i++) practise({ [`chosen${i}`]: i, value: 'a' }, LATER_TIMES)
  t.true(isCompiled({ later: 1, name: 'a' }))
  for (let i = 0; i < 20; i++) practise({ first: i, [`chosen${i}`]: 'a' }, LATER_TIMES)
  t.true(isCompiled({ first: 1, name: 'a' }))
})

test('an encoder that replaced another one encodes to the same bytes', (t) => {
  const shapes = Array.from({ length: 150 }, (_, i) => (value: unknown) => ({
    [`replaced${i}`]: value,
    user: { id: i, role: value },
  }))
  for (const shape of shapes) practise(shape('usual'), LATER_TIMES)
  for (const value of ['usual', 'a longer text than the usual one', 1, null, [1], 'usual']) {
    for (const shape of shapes) t.true(same(shape(value)))
  }
})
