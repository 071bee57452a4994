/** Data that can't be stored, on both calls that take some. */
import { notAHash, refuses } from '../helpers/refusals.js'
import type { AddTest, TestedStore } from './variants.js'

const calls = {
  create: (store: TestedStore, data: unknown, _token: string) => store.create(data as object),
  update: (store: TestedStore, data: unknown, token: string) => store.update(token, data as object),
}

const noHashes: unknown[] = [
  ...[undefined, null, 'text', '', 5, 5n, Number.NaN, true, () => ({}), Symbol('a')],
  ...[[], [{ a: 1 }], Buffer.from('a'), new Uint8Array(2), new Float64Array(2), new ArrayBuffer(2)],
  ...[new Date(), new Map(), new Map([['a', 1]]), new Set(), /a/, new Error('a'), new WeakMap()],
  ...[Promise.resolve({}), Object('a'), Object(5), Object(5n)],
  ...[{ toJSON: () => 'text' }, { toJSON: () => [1] }, { toJSON: () => null }],
]

const circle: Record<string, unknown> = { name: 'circle' }
circle.self = circle
const list: unknown[] = []
list.push(list)
const ring = { next: { next: {} as object } }
ring.next.next = ring

function nested(depth: number): object {
  return depth === 1 ? {} : { a: nested(depth - 1) }
}

/** Each with the path that the refusal has to name. */
const unstorable: [path: string, data: object][] = [
  ['data.user.fn', { user: { fn() {} } }],
  ['data.list[2]', { list: [1, 2, () => 3] }],
  ['data.list[0].deep', { list: [{ deep: Symbol('a') }] }],
  ['data[a key of 9 characters]', { 'two words': new Set([1]) }],
  ['data.re', { re: /a/ }],
  ['data.failed', { failed: new RangeError('a') }],
  ['data.numbers', { numbers: new Float32Array(2) }],
  ['data.clamped', { clamped: new Uint8ClampedArray(2) }],
  ['data.view', { view: new DataView(new ArrayBuffer(2)) }],
  ['data.buffer', { buffer: new ArrayBuffer(2) }],
  ['data.later', { later: Promise.resolve(1) }],
  ['data.weak', { weak: new WeakMap() }],
  ['data.boxed', { boxed: Object(5) }],
  ['data.headers', { headers: new Headers({ a: 'b' }) }],
  ['data.when', { when: new Date(Number.NaN) }],
  ['data.big', { big: 2n ** 64n }],
  ['data.small', { small: -(2n ** 63n) - 1n }],
  ['data.self', circle],
  ['data.list[0]', { list }],
  ['data.next.next', ring],
  ['data.map', { map: new Map([[{}, 1]]) }],
  [
    'data.map',
    {
      map: new Map<unknown, unknown>([
        ['1', 1],
        [1, 2],
      ]),
    },
  ],
  ['data.map.fn', { map: new Map([['fn', () => {}]]) }],
  ['data.__proto__', JSON.parse('{"__proto__": {"admin": true}}')],
  ['data.user.__proto__', { user: JSON.parse('{"__proto__": 1}') }],
  ['data.map.__proto__', { map: new Map([['__proto__', 1]]) }],
]

const outOfData = { is: TypeError, code: 'ERR_CRUDJT_DATA' } as const
const tooLarge = { is: RangeError, code: 'ERR_CRUDJT_DATA_TOO_LARGE' } as const

/** Data that takes a certain number of bytes as MessagePack, from 50 to 257. */
function ofSize(bytes: number): object {
  const overhead = 1 + 2 + (bytes > 256 ? 3 : 2)
  return { d: 'x'.repeat(bytes - overhead + (bytes > 256 ? 1 : 0)) }
}

export function testRefusedData(it: AddTest): void {
  for (const [name, call] of Object.entries(calls)) {
    it(`${name} refuses data that is no plain object`, async (t, store) => {
      const token = await store.create({ a: 1 })
      for (const data of noHashes) await refuses(t, () => call(store, data, token), notAHash, name)
    })

    it(`${name} refuses what can't be stored, naming its path`, async (t, store) => {
      const token = await store.create({ a: 1 })
      for (const [path, data] of unstorable) {
        await refuses(t, () => call(store, data, token), { ...outOfData, says: `${path} ` }, path)
      }
      t.deepEqual(await store.read(token), { data: { a: 1 } })
    })

    it(`${name} refuses data nested deeper than 128 levels`, async (t, store) => {
      const token = await store.create({ a: 1 })
      const refusal = { ...outOfData, says: 'deeper than 128' }
      await refuses(t, () => call(store, nested(129), token), refusal)
    })

    it(`${name} refuses more than 256 bytes, telling the size`, async (t, store) => {
      const token = await store.create(ofSize(256))
      const says =
        /^Hash can not be bigger than 256 bytesize\b.*\b257\b.*max_data_size \(to 16384, say\)/
      await refuses(t, () => call(store, ofSize(257), token), { ...tooLarge, says })
      const huge = { a: 'x'.repeat(1_000_000), b: new Array(3_000_000).fill(1) }
      const hugeSays = /256 bytesize\b.*\b4000015\b.*max_data_size can be 65536 at most/
      await refuses(t, () => call(store, huge, token), { ...tooLarge, says: hugeSays })
      t.deepEqual(await store.read(token), { data: ofSize(256) })
    })
  }

  it('a getter or toJSON must not use the store, and can throw', async (t, store) => {
    const token = await store.create({ a: 1 })
    const busy = {
      get a() {
        return store.read(token).catch(() => {})
      },
    }
    await refuses(t, () => store.create(busy), outOfData)
    const failing = {
      get a(): never {
        throw new SyntaxError('mine')
      },
    }
    await t.throwsAsync(() => store.create(failing), { instanceOf: SyntaxError, message: 'mine' })
    t.deepEqual(await store.read(token), { data: { a: 1 } })
  })
}
