/** Each property of data and of options is read once, by whichever encoder the data goes through: a getter
 * or a Proxy may answer differently the second time, or charge for it. */
import test, { type ExecutionContext } from 'ava'
import { CRUDJT, Store } from 'crudjt'
import { encodeCompiled } from '../../build/src/msgpack/shapes/index.js'
import { pack, unpack } from '../helpers/codec.js'
import { equal } from '../helpers/equal.js'
import { expected } from '../helpers/expected.js'
import { inFolder, newFolder, removeFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

type Data = Record<string, unknown>

/** How often each property was read, by its path. */
type Counts = Map<string, number>

/** The same data behind getters, or behind Proxies, down to its own plain objects. */
type Observe = (data: Data, counts: Counts, path?: string) => Data

function count(counts: Counts, path: string): void {
  counts.set(path, (counts.get(path) ?? 0) + 1)
}

function isPlain(value: unknown): value is Data {
  if (typeof value !== 'object' || value === null) return false
  return Object.getPrototypeOf(value) === Object.prototype
}

const withGetters: Observe = (data, counts, path = '') => {
  const observed = {}
  for (const [key, value] of Object.entries(data)) {
    const inner = isPlain(value) ? withGetters(value, counts, `${path}.${key}`) : value
    const get = () => {
      count(counts, `${path}.${key}`)
      return inner
    }
    Object.defineProperty(observed, key, { get, enumerable: true, configurable: true })
  }
  return observed
}

const withProxies: Observe = (data, counts, path = '') => {
  const target = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      isPlain(value) ? withProxies(value, counts, `${path}.${key}`) : value,
    ]),
  )
  return new Proxy(target, {
    get(_, key) {
      if (typeof key === 'string' && Object.hasOwn(target, key)) count(counts, `${path}.${key}`)
      return target[key as string]
    },
  })
}

const ways: Record<string, Observe> = { getters: withGetters, proxies: withProxies }

class Role {
  name = 'admin'
  level = 1
}

class Named extends Role {
  toJSON() {
    return { name: 'b', level: 2 }
  }
}

const usual = () => ({
  first: 1,
  user: { id: 7, role: { name: 'admin', level: 1 }, tag: 'x' },
  text: 'a text',
  last: true,
})

/** Data that fits the compiled encoder, or fails it at each of its steps. */
function variants(): Data[] {
  const { user } = usual()
  const odd = [undefined, 5n, 2n ** 60n, null, [], [1, { a: 1 }], new Date(5), Buffer.from('a')]
  const values = [...odd, {}, new Role(), new Named(), { id: 1 }, 'x'.repeat(1500), new Map()]
  return [
    usual(),
    ...values.flatMap((value) => [
      { ...usual(), first: value },
      { ...usual(), user: value },
      { ...usual(), user: { ...user, id: value } },
      { ...usual(), user: { ...user, role: value } },
      { ...usual(), user: { ...user, role: { name: 'admin', level: value } } },
      { ...usual(), user: { ...user, tag: value } },
      { ...usual(), text: value },
      { ...usual(), last: value },
    ]),
    { first: 1, user: { id: 7, role: { level: 1, name: 'admin' }, tag: 'x' }, text: 'a', last: 1 },
    { first: 1, user: { id: 7, role: { name: 'admin' }, tag: 'x' }, text: 'a', last: 1 },
    { first: 1, user: { id: 7 }, text: 'a', last: 1 },
    { first: 1, text: 'a' },
    { ...usual(), user: { toJSON: 1, id: 5 }, other: { toJSON: () => ({ a: 1 }) } },
  ]
}

/** Another compiled shape of the same keys, which is tried after the first one. */
const alternate = () => ({ ...usual(), user: null })

function practise(): void {
  for (let i = 0; i < 60; i++) {
    pack(usual())
    pack(alternate())
  }
}

function wereReadOnce(t: ExecutionContext, counts: Counts, about: string): void {
  const often = [...counts].filter(([, times]) => times !== 1)
  equal(t, often, [], about)
}

test('a property of data is read once, whether a compiled encoder takes the data or not', (t) => {
  practise()
  t.not(encodeCompiled(usual(), false), undefined)
  t.not(encodeCompiled(alternate(), false), undefined)
  for (const [way, observe] of Object.entries(ways)) {
    for (const [i, data] of variants().entries()) {
      for (const before of [usual(), alternate()]) {
        pack(before)
        const counts: Counts = new Map()
        const packed = pack(observe(data, counts))
        equal(t, unpack(packed), expected(data), `${way} ${i}`)
        wereReadOnce(t, counts, `${way} ${i}`)
        t.true(counts.size > 0)
      }
    }
  }
})

test('a property of data that is refused is read once', (t) => {
  practise()
  const { user } = usual()
  const circle: Data = { ...usual() }
  circle.user = { ...user, role: { name: 'a', level: [circle] } }
  const refused = [
    { ...usual(), last: () => 1 },
    { ...usual(), user: { ...user, tag: Symbol('a') } },
    { ...usual(), user: { ...user, role: { name: new Set(), level: 1 } } },
    { ...usual(), text: 2n ** 70n },
  ]
  for (const [way, observe] of Object.entries(ways)) {
    for (const [i, data] of refused.entries()) {
      const counts: Counts = new Map()
      t.throws(() => pack(observe(data, counts)), { code: 'ERR_CRUDJT_DATA' })
      wereReadOnce(t, counts, `${way} ${i}`)
    }
  }
  t.throws(() => pack(circle), { code: 'ERR_CRUDJT_DATA', message: /a circular reference/ })
})

test('a circle through getters is refused without running one twice', (t) => {
  let times = 0
  const ring = {
    get next() {
      times++
      return ring
    },
  }
  t.throws(() => pack(ring), { code: 'ERR_CRUDJT_DATA', message: /deeper than 128 levels/ })
  t.is(times, 128)
})

test('toJSON is looked up and called once', (t) => {
  let [looked, called] = [0, 0]
  class Tricky {
    get toJSON() {
      looked++
      return () => {
        called++
        return { a: 1 }
      }
    }
  }
  equal(t, unpack(pack({ x: new Tricky() })), { x: { a: 1 } })
  equal(t, [looked, called], [1, 1])
  equal(t, unpack(pack(new Tricky())), { a: 1 })
  equal(t, [looked, called], [2, 2])
})

test('dates and bytes are stored as they are, whatever their class says of them', (t) => {
  class Later extends Date {
    override getTime(): number {
      return Number.NaN
    }
  }
  class Longer extends Uint8Array {
    override get length(): number {
      return 1
    }
  }
  const given = { when: new Later(5), bytes: new Longer(3), after: 'x' }
  equal(t, unpack(pack(given)), { when: new Date(5), bytes: Buffer.alloc(3), after: 'x' })
  t.throws(() => pack({ bytes: new Longer(400_000) }), { code: 'ERR_CRUDJT_DATA_TOO_LARGE' })
})

/** The calls that take data and options, of a store and of the process-wide CRUDJT. */
type Calls = Record<string, (data: Data, options: object) => unknown>

function callsOf(store: Pick<Store, 'create' | 'update'>, token: string): Calls {
  return {
    create: (data, options) => store.create(data, options),
    update: (data, options) => store.update(token, data, options),
  }
}

async function everyPropertyOnce(t: ExecutionContext, calls: Calls, about: string): Promise<void> {
  const named = { ttl: 60, silence_read: 5, durable: false }
  for (const [name, call] of Object.entries(calls)) {
    for (const [way, observe] of Object.entries(ways)) {
      for (const data of [usual(), alternate(), { ...usual(), last: undefined }]) {
        const [ofData, ofOptions]: [Counts, Counts] = [new Map(), new Map()]
        await call(observe(data, ofData), observe(named, ofOptions))
        wereReadOnce(t, ofData, `${about} ${name} ${way}`)
        wereReadOnce(t, ofOptions, `${about} ${name} ${way}`)
        t.is(ofOptions.size, 3)
      }
    }
  }
}

test('every call reads each property of its data and of its options once', async (t) => {
  const folder = newFolder()
  const { Config } = CRUDJT
  const opening = Config.startMaster({ secret_key: KEY, store_jt_path: folder, grpc_port: 0 })
  const pending = callsOf(CRUDJT, 'x'.repeat(22))
  await everyPropertyOnce(t, pending, 'while the master starts')
  await opening
  await everyPropertyOnce(t, callsOf(CRUDJT, await CRUDJT.create({})), 'the process-wide CRUDJT')
  const remote = await Store.connect({ ...Config.address() })
  await everyPropertyOnce(t, callsOf(remote, await remote.create({})), 'a connected store')
  await remote.close()
  await Config.shutdownServer()
  const store = await Store.open({ path: folder, secret_key: KEY })
  const token = await store.create({})
  const sync: Calls = {
    createSync: (data, options) => store.createSync(data, options),
    updateSync: (data, options) => store.updateSync(token, data, options),
  }
  await everyPropertyOnce(t, { ...callsOf(store, token), ...sync }, 'an open store')
  await store.close()
  removeFolder(folder)
})

test('opening, connecting and deleting read each option once', async (t) => {
  await inFolder(async (path) => {
    const counts: Counts = new Map()
    const options = { path, secret_key: [KEY], max_data_size: 300, cache_size: 0, onError() {} }
    const store = await Store.open(withGetters(options, counts) as never)
    await store.delete('x', withGetters({ durable: true }, counts))
    await store.backup(`${path}-copy`, withGetters({ onProgress() {} }, counts))
    await store.close()
    removeFolder(`${path}-copy`)
    const ofVerify: Counts = new Map()
    await CRUDJT.verify(path, withGetters({ secret_key: [KEY] }, ofVerify))
    wereReadOnce(t, ofVerify, 'options of verify')
    const client = await Store.connect(withGetters({ grpc_port: 1, timeout_ms: 5 }, counts))
    await client.close()
    t.is(counts.size, 9)
    wereReadOnce(t, counts, 'options')
  })
})
