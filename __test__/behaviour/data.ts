/** What comes back of the data that was stored. */
import type { ExecutionContext } from 'ava'
import type { AddTest, TestedStore } from './variants.js'

class Money {
  currency = 'EUR'
  cents = 5
  #secret = 1
  get euros() {
    return this.cents / 100 + this.#secret - 1
  }
}

class Wrapped {
  inner = 1
  toJSON(key: string) {
    return { key, wrapped: [new Money()] }
  }
}

function inherited(): object {
  return Object.assign(Object.create({ inherited: 1 }), { own: 2 })
}

/** What is given, and what comes back where that is something else. */
const pairs: [given: object, back?: object][] = [
  [{}],
  [{ text: 'a', empty: '', wide: 'äß漢字\u{1f511}', yes: true, no: false, nothing: null }],
  [{ long: 'ä'.repeat(60), ascii: 'x'.repeat(60), middle: 'é'.repeat(20) }],
  [{ numbers: [0, 1, -1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, 1e300] }],
  [{ numbers: [-32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, 0.1, 5e-324] }],
  [{ special: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] }],
  [
    { zero: -0, zeros: [-0] },
    { zero: 0, zeros: [0] },
  ],
  [{ dates: [new Date(0), new Date(1), new Date(1_700_000_000_000), new Date(1_700_000_000_123)] }],
  [{ dates: [new Date(-1), new Date(2 ** 34 * 1000), new Date(8.64e15), new Date(-8.64e15)] }],
  [{ big: [5n, -5n, 2n ** 40n, 2n ** 53n - 1n] }, { big: [5, -5, 2 ** 40, 2 ** 53 - 1] }],
  [{ big: [1n - 2n ** 53n] }, { big: [1 - 2 ** 53] }],
  [{ big: [2n ** 53n, -(2n ** 53n), 2n ** 60n, 2n ** 60n + 1n, 2n ** 63n, 2n ** 64n - 1n] }],
  [{ big: [-(2n ** 53n), -(2n ** 53n) - 1n, -(2n ** 60n), -(2n ** 63n)] }],
  [{ numbers: [2 ** 53, -(2 ** 53), 2 ** 60, 2 ** 63, 2 ** 64, -(2 ** 63)] }],
  [{ bytes: Buffer.from([0, 1, 255]), none: Buffer.alloc(0) }],
  [{ bytes: new Uint8Array([1, 2]) }, { bytes: Buffer.from([1, 2]) }],
  [{ a: { b: { c: [{ d: [[]] }, []] } }, e: {} }],
  [{ map: new Map<unknown, unknown>([['a', new Map([[1, 'x']])]]) }, { map: { a: { 1: 'x' } } }],
  [
    { a: undefined, b: 1, c: { d: undefined } },
    { b: 1, c: {} },
  ],
  // biome-ignore lint/suspicious/noSparseArray: a hole is what is tried
  [{ list: [undefined, , 1] }, { list: [null, null, 1] }],
  [{ [Symbol('a')]: 1, b: 1 }, { b: 1 }],
  [new Money(), { currency: 'EUR', cents: 5 }],
  [new Wrapped(), { key: '', wrapped: [{ currency: 'EUR', cents: 5 }] }],
  [{ price: new Money() }, { price: { currency: 'EUR', cents: 5 } }],
  [{ x: new Wrapped() }, { x: { key: 'x', wrapped: [{ currency: 'EUR', cents: 5 }] } }],
  [{ x: { a: 1, toJSON: () => ({ b: 2 }) } }, { x: { b: 2 } }],
  [{ x: { toJSON: () => undefined }, y: [{ toJSON: () => undefined }] }, { y: [null] }],
  [{ link: new URL('https://example.com/a') }, { link: 'https://example.com/a' }],
  [inherited(), { own: 2 }],
  [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  [
    { pair: 'a\u{1f511}', high: '\ud800', low: 'x\udc00y' },
    { pair: 'a\u{1f511}', high: '\ufffd', low: 'x\ufffdy' },
  ],
  [{ '': 1, 1: 'one', ключ: 2, constructor: 3, toString: 4, hasOwnProperty: 5 }],
  [{ 'a key of more than thirty-one bytes in all': 1 }],
]

async function comesBack(t: ExecutionContext, store: TestedStore, given: object, back: object) {
  const token = await store.create(given)
  for (let i = 0; i < 3; i++) t.deepEqual((await store.read(token))?.data, back as never)
}

export function testData(it: AddTest): void {
  it('values of every kind come back equal', async (t, store) => {
    for (const [given, back] of pairs) await comesBack(t, store, given, back ?? given)
  })

  it('-0 comes back as 0, bytes as a Buffer', async (t, store) => {
    const token = await store.create({ zero: -0, bytes: new Uint8Array([7]) })
    const data = (await store.read(token))?.data
    t.true(Object.is(data?.zero, 0))
    t.true(Buffer.isBuffer(data?.bytes))
  })

  it('128 nested levels come back', async (t, store) => {
    let list: unknown[] = []
    for (let i = 3; i <= 128; i++) list = [list]
    await comesBack(t, store, { a: list }, { a: list })
  })

  it('changing the object after a call has no effect', async (t, store) => {
    const data = { user: { role: 'member' }, tags: ['a'], bytes: Buffer.from('a') }
    const creating = store.create(data)
    data.user.role = 'admin'
    data.tags.push('b')
    data.bytes[0] = 0
    const token = await creating
    const stored = { user: { role: 'member' }, tags: ['a'], bytes: Buffer.from('a') }
    t.deepEqual((await store.read(token))?.data, stored)

    const updating = store.update(token, data)
    data.user.role = 'nobody'
    t.true(await updating)
    t.is((await store.read<typeof data>(token))?.data.user.role, 'admin')
  })

  it("the object that a read returns is the caller's own", async (t, store) => {
    const data = {
      user: { role: 'a' },
      list: [{ x: 1 }],
      when: new Date(5),
      bytes: Buffer.from('a'),
    }
    const token = await store.create(data)
    for (let i = 0; i < 4; i++) {
      const read = (await store.read<typeof data>(token))?.data
      t.deepEqual(read, data)
      if (read === undefined) return
      read.user.role = 'changed'
      read.list[0] = { x: 2 }
      read.list.push({ x: 3 })
      read.when.setTime(0)
      read.bytes[0] = 0
      new Uint8Array(read.bytes.buffer).fill(0)
    }
  })

  it('keys such as constructor are only keys', async (t, store) => {
    const token = await store.create(JSON.parse('{"constructor": {"prototype": {"x": 1}}}'))
    await store.read(token)
    t.is(({} as { x?: number }).x, undefined)
  })
}
