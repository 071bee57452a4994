/** Whole integers on the paths that other tests do not surely take: compiled shapes, cached records, and
 * every width in which another language may write them. */
import test from 'ava'
import { Store } from 'crudjt'
import { pack, unpack } from '../helpers/codec.js'
import { equal } from '../helpers/equal.js'
import { expected } from '../helpers/expected.js'
import fc from '../helpers/fast-check.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const near = fc.integer({ min: -3, max: 3 }).map(BigInt)
const power = fc.integer({ min: 0, max: 64 }).map((bits) => 2n ** BigInt(bits))
const sign = fc.constantFrom(1n, -1n)
const whole = fc
  .oneof(
    fc.tuple(power, near, sign).map(([one, by, of]) => of * (one + by)),
    fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n),
  )
  .filter((one) => one >= -(2n ** 63n) && one < 2n ** 64n)
const given = fc.oneof(whole, whole.map(Number))

/** A record whose shape comes so often that it is compiled, and cached as it was created. */
const record = (id: unknown, level: unknown) => ({ id, user: { level, name: 'a' }, last: true })

test('integers in compiled and cached records come back by the rule, also after a reopening', async (t) => {
  await inFolder(async (path) => {
    let store = await Store.open({ path, secret_key: KEY })
    for (let i = 0; i < 60; i++) await store.create(record(i, i))
    const all: [token: string, data: unknown][] = []
    await fc.assert(
      fc.asyncProperty(given, given, async (id, level) => {
        const data = record(id, level)
        const [made, sync] = [await store.create(data), store.createSync(data)]
        const updated = await store.create(record(1, 2))
        await store.update(updated, data)
        for (const token of [made, sync, updated]) {
          for (let read = 0; read < 3; read++) {
            equal(t, (await store.read(token))?.data, expected(data))
          }
          all.push([token, expected(data)])
        }
      }),
      { numRuns: 400 },
    )
    await store.close()
    store = await Store.open({ path, secret_key: KEY })
    for (const [token, data] of all) equal(t, store.readSync(token)?.data, data)
    await store.close()
  })
})

/** Every way to write an integer of MessagePack, by its code, with how many bytes follow. */
const widths: [code: number, bytes: number, isSigned: boolean][] = [
  [0xcc, 1, false],
  [0xcd, 2, false],
  [0xce, 4, false],
  [0xcf, 8, false],
  [0xd0, 1, true],
  [0xd1, 2, true],
  [0xd2, 4, true],
  [0xd3, 8, true],
]

/** An integer as another language may write it: in each width that it fits. */
function written(value: bigint): Buffer[] {
  const fitting = widths.filter(([, bytes, isSigned]) => {
    const bits = BigInt(8 * bytes)
    const [least, most] = isSigned ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n)] : [0n, 2n ** bits]
    return value >= least && value < most
  })
  return fitting.map(([code, bytes]) => {
    const whole = Buffer.alloc(8)
    whole.writeBigUInt64BE(BigInt.asUintN(64, value))
    return Buffer.concat([Buffer.of(code), whole.subarray(8 - bytes)])
  })
}

test('an integer of another language is the same in every width, and its floats are Numbers', (t) => {
  const shape = (value: Buffer) =>
    Buffer.concat([Buffer.from('82a26964', 'hex'), value, Buffer.from('a16101', 'hex')])
  for (let i = 0; i < 60; i++) unpack(pack({ id: i, a: 1 }))
  fc.assert(
    fc.property(whole, (value) => {
      for (const bytes of written(value)) {
        equal(t, unpack(shape(bytes)), { id: expected(value), a: 1 })
      }
      const float = Buffer.alloc(9, 0xcb)
      float.writeDoubleBE(Number(value), 1)
      equal(t, unpack(shape(float)), { id: Number(value), a: 1 })
    }),
    { numRuns: 2000 },
  )
})

test('what was read is stored again as the same', (t) => {
  fc.assert(
    fc.property(given, (value) => {
      const once = unpack(pack({ value }))
      equal(t, unpack(pack(once)), once)
    }),
    { numRuns: 1000 },
  )
})
