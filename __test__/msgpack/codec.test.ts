/** MessagePack: the encoder against msgpackr as its oracle, and both directions on all that is valid. */

import test from 'ava'
import { Packr } from 'msgpackr'
import { CRUDJTError, Extension } from '../../build/index.js'
import { Shape } from '../../build/src/msgpack/shapes/index.js'
import { pack, unpack } from '../helpers/codec.js'
import { equal } from '../helpers/equal.js'
import { expected } from '../helpers/expected.js'
import fc from '../helpers/fast-check.js'

const msgpackr = new Packr({ useRecords: false, variableMapSize: true })
const RUNS = { numRuns: 400 }

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ minLength: 20, maxLength: 70 }),
)
const number = fc.oneof(fc.integer(), fc.nat(300), fc.double({ noNaN: false }), fc.maxSafeInteger())
const key = text.filter((name) => name !== '__proto__' && name !== 'toJSON' && !/^\d+$/.test(name))
const bytes = fc.uint8Array().map((array) => Buffer.from(array))
const seconds32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const date = fc.oneof(
  seconds32.map((seconds) => new Date(seconds * 1000)),
  fc.date({ min: new Date(1), max: new Date((2 ** 32 - 1) * 1000), noInvalidDate: true }),
  fc.date({ max: new Date(-1), noInvalidDate: true }),
)

/** Data that both encoders take and are to pack alike. */
const { data } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    bytes,
    date,
    tie('list'),
    tie('data'),
  ),
  list: fc.array(tie('value'), { maxLength: 20 }),
  data: fc.dictionary(key, tie('value'), { maxKeys: 20, noNullPrototype: true }),
})) as { data: fc.Arbitrary<Record<string, unknown>> }

test('data is packed to the same bytes as by msgpackr', (t) => {
  fc.assert(
    fc.property(data, (given) => pack(given).equals(msgpackr.pack(given))),
    RUNS,
  )
  t.pass()
})

test('data is packed alike whatever keys the data before it had', (t) => {
  const lengths = [0, 1, 6, 7, 8, 14, 15, 16, 30, 31, 32, 40]
  const names = lengths.flatMap((length) => ['a', 'b', 'é'].map((unit) => unit.repeat(length)))
  const flat = fc.dictionary(fc.constantFrom(...names), fc.nat(300), { noNullPrototype: true })
  const wide = fc
    .integer({ min: 50, max: 90 })
    .map((count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`key ${i}`, i])))
  const one = fc.oneof(flat, fc.dictionary(fc.constantFrom(...names), flat), wide)
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 3 }), fc.nat(), (list, seed) => {
      for (let i = 0; i < 40; i++) {
        const given = list[(i * (1 + (seed % 7))) % list.length] as object
        t.true(pack(given).equals(msgpackr.pack(given)))
      }
    }),
    RUNS,
  )
})

test('data packed by msgpackr is unpacked to the same values', (t) => {
  fc.assert(
    fc.property(data, (given) => {
      equal(t, unpack(msgpackr.pack(given)), expected(given))
    }),
    RUNS,
  )
})

test('any value comes back equal or is refused with a code', (t) => {
  const anything = fc.dictionary(
    fc.oneof(text, fc.constant('__proto__')),
    fc.oneof(
      data,
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withTypedArray: true,
        withSparseArray: true,
        withNullPrototype: true,
        withObjectString: true,
        withBoxedValues: true,
      }),
      fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
      fc.date(),
    ),
    { maxKeys: 6 },
  )
  let [stored, refused] = [0, 0]
  fc.assert(
    fc.property(anything, (given) => {
      let packed: Buffer
      try {
        packed = pack(given)
      } catch (error) {
        const { code, message } = error as CRUDJTError
        t.true(error instanceof TypeError && code === 'ERR_CRUDJT_DATA', `${error}`)
        t.regex(message, /^data\S* .*can't be stored: it is |^data.* can't be stored/s)
        refused++
        return
      }
      stored++
      equal(t, unpack(packed), expected(given))
      t.is(pack(unpack(packed)).length, packed.length)
    }),
    { numRuns: 2000 },
  )
  t.true(stored > 200 && refused > 200, `${stored} stored, ${refused} refused`)
})

test('a second decoding, through the learned shape, gives the same value', (t) => {
  fc.assert(
    fc.property(fc.array(data, { minLength: 1, maxLength: 4 }), (list) => {
      for (let i = 0; i < 40; i++) {
        const given = list[i % list.length] as object
        equal(t, unpack(pack(given)), expected(given))
      }
    }),
    { numRuns: 60 },
  )
})

test('objects are built alike when their generated functions have been dropped for others', (t) => {
  const shapes = Array.from({ length: 600 }, (_, i) => new Shape([`a${i}`, `b${i}`], []))
  for (const times of [70, 1, 1_100]) {
    for (const [i, shape] of shapes.entries()) {
      for (let k = 0; k < times; k++) {
        const object = shape.build([i, k], 0)
        if (object[`a${i}`] !== i || object[`b${i}`] !== k) t.fail(JSON.stringify(object))
      }
      equal(t, shape.build([i, 'x'], 0), { [`a${i}`]: i, [`b${i}`]: 'x' })
    }
  }
})

test('maps of the same keys with other nested shapes are distinguished', (t) => {
  const forms = [
    { user: { id: 1, name: 'a' }, tags: ['x'], last: 1 },
    { user: null, tags: { x: 1 }, last: 2 },
    { user: { id: 1 }, tags: 'none', last: { at: 5 } },
    { user: { name: 'a', id: 1 }, tags: [{ user: { id: 1 } }], last: -1 },
    { user: { id: {}, name: '' }, tags: [], other: 1 },
    { user: [], tags: 0.5, lost: '' },
  ]
  for (let i = 0; i < 3000; i++) {
    const given = forms[(i * 7 + (i >> 5)) % forms.length] as object
    equal(t, unpack(pack(given)), given)
  }
})

/** Every width a foreign encoder may choose, with the value that it means. */
const foreign: [hex: string, value: unknown][] = [
  ['81a16101', { a: 1 }],
  ['de0001d90161cf0000000000000001', { a: 1 }],
  ['df00000001da000161d30000000000000001', { a: 1 }],
  ['81db0000000161cc01', { a: 1 }],
  ['81a161cd0001', { a: 1 }],
  ['81a161ce00000001', { a: 1 }],
  ['81a161d0ff', { a: -1 }],
  ['81a161d1ffff', { a: -1 }],
  ['81a161d2ffffffff', { a: -1 }],
  ['81a161d3ffffffffffffffff', { a: -1 }],
  ['81a161cfffffffffffffffff', { a: 2n ** 64n - 1n }],
  ['81a161d38000000000000000', { a: -(2n ** 63n) }],
  ['81a161cf001fffffffffffff', { a: 2 ** 53 - 1 }],
  ['81a161d3ffe0000000000001', { a: 1 - 2 ** 53 }],
  ['81a161cf0020000000000000', { a: 2n ** 53n }],
  ['81a161d3ffe0000000000000', { a: -(2n ** 53n) }],
  ['81a161cf1000000000000000', { a: 2n ** 60n }],
  ['81a161cb43b0000000000000', { a: 2 ** 60 }],
  ['81a161cf0020000000000001', { a: 2n ** 53n + 1n }],
  ['81a161ca3fc00000', { a: 1.5 }],
  ['81a161ca80000000', { a: 0 }],
  ['81a161cb8000000000000000', { a: 0 }],
  ['81a161c40161', { a: Buffer.from('a') }],
  ['81a161c5000161', { a: Buffer.from('a') }],
  ['81a161c60000000161', { a: Buffer.from('a') }],
  ['81a161dc0001c0', { a: [null] }],
  ['81a161dd00000001c0', { a: [null] }],
  ['81a161d6ff00000001', { a: new Date(1000) }],
  ['81a161d7ff0000000400000001', { a: new Date(1000) }],
  ['81a161c70cff00000000ffffffffffffffff', { a: new Date(-1000) }],
  ['82a161d40000a16201', { a: undefined, b: 1 }],
  ['8101c0', { 1: null }],
  ['81c3c0', { true: null }],
  ['81cb3ff8000000000000c0', { '1.5': null }],
  ['82a16101a16102', { a: 2 }],
  ['81cf1000000000000000c0', { '1152921504606846976': null }],
  ['81c40161c0', { a: null }],
  ['81920102c0', { '[1,2]': null }],
  ['8181a16101c0', { '{"a":1}': null }],
  ['8181a8746f537472696e6701c0', { '{"toString":1}': null }],
  ['8191cf1000000000000000c0', { '["1152921504606846976"]': null }],
  ['81d6ff00000001c0', { '"1970-01-01T00:00:01.000Z"': null }],
  ['81d42a07c0', { '{"type":42,"data":{"type":"Buffer","data":[7]}}': null }],
  ['81a3ff6162c0', { '\ufffdab': null }],
]

test('every width of every type is read', (t) => {
  for (const [hex, value] of foreign) equal(t, unpack(Buffer.from(hex, 'hex')), value, hex)
})

test('a shape learned from a record that cannot be decoded is not relied on', (t) => {
  const record = (list: Buffer, text: string) =>
    Buffer.concat([
      Buffer.from('82a46c697374', 'hex'),
      list,
      Buffer.from('a474657874', 'hex'),
      Buffer.of(0xa0 | text.length),
      Buffer.from(text),
    ])
  const empty = Buffer.of(0x90)
  for (let i = 0; i < 40; i++) unpack(record(empty, 'known'))
  const tooDeep = Buffer.concat([Buffer.alloc(300, 0x91), empty])
  t.throws(() => unpack(record(tooDeep, 'new one')), { instanceOf: CRUDJTError })
  equal(t, unpack(record(empty, 'new one')), { list: [], text: 'new one' })
  equal(t, unpack(record(empty, 'known')), { list: [], text: 'known' })
})

test('a foreign __proto__ key becomes a property, not the prototype', (t) => {
  const packed = Buffer.concat([
    Buffer.from('81a9', 'hex'),
    Buffer.from('__proto__'),
    Buffer.from('81a17801', 'hex'),
  ])
  for (let i = 0; i < 100; i++) {
    const value = unpack(packed) as object
    t.is(Object.getPrototypeOf(value), Object.prototype)
    equal(t, Object.getOwnPropertyDescriptor(value, '__proto__')?.value, { x: 1 })
  }
})

test('an extension of a foreign type comes back as it was when stored again', (t) => {
  for (const hex of [
    '81a161d42a07',
    '81a161d8800102030405060708090a0b0c0d0e0f10',
    '81a161c7030501020a',
  ]) {
    const packed = Buffer.from(hex, 'hex')
    equal(t, pack(unpack(packed)), packed)
  }
  const { a } = unpack(Buffer.from('81a161d42a07', 'hex')) as never as {
    a: { type: number; data: Buffer }
  }
  t.true(a instanceof Extension)
  t.is(a.type, 42)
  equal(t, a.data, Buffer.from([7]))
})

test('malformed MessagePack gives a coded error, however it is cut or changed', (t) => {
  const whole = pack({ a: [1, 'x'.repeat(40), { b: Buffer.from('abc'), c: new Date(5) }], d: 1e10 })
  let [read, refused] = [0, 0]
  const tryIt = (bad: Buffer) => {
    try {
      unpack(bad)
      read++
    } catch (error) {
      t.is((error as CRUDJTError).code, 'ERR_CRUDJT_DAMAGED')
      refused++
    }
  }
  for (let length = 0; length < whole.length; length++) {
    t.throws(() => unpack(whole.subarray(0, length)), { instanceOf: CRUDJTError }, `${length}`)
  }
  t.throws(() => unpack(Buffer.concat([whole, whole])), { instanceOf: CRUDJTError })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (array) => tryIt(Buffer.from(array))),
    RUNS,
  )
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (place, byte) => {
      const changed = Buffer.from(whole)
      changed[place] = byte
      tryIt(changed)
    }),
    { numRuns: 1000 },
  )
  tryIt(Buffer.alloc(60_000, 0x91))
  tryIt(Buffer.from('df7fffffff', 'hex'))
  t.true(read > 100 && refused > 100, `${read} read, ${refused} refused`)
})

test('everything works where code generation from strings is disallowed', async (t) => {
  const { runNode } = await import('../helpers/children.js')
  const flag = '--disallow-code-generation-from-strings'
  const { status, text: said } = await runNode([flag], 'no-codegen.mjs')
  t.is(status, 0, said)
})
