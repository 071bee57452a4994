// Stores and reads records with the keys of Object.prototype while that is hardened or polluted.
// node prototypes.mjs FOLDER KEY CHANGE before|after [ADDRESS]: the change is made before or after the
// package is loaded; with an address the store is that of a master.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const [, , path, secret_key, change, when, address] = process.argv

/** As hardened programs have it: an assignment to another object defines a property there. */
function overridable(name) {
  const own = Object.prototype[name]
  const set = function (value) {
    if (this === Object.prototype) throw new TypeError('it is hardened')
    Object.defineProperty(this, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  Object.defineProperty(Object.prototype, name, { get: () => own, set })
}

function refuse(value) {
  throw new Error(`a setter of the prototype got ${value}`)
}

const changes = {
  freeze: () => Object.freeze(Object.prototype),
  'freeze all': () => {
    for (const one of [Object, Array, Map, Error, Function, Uint8Array])
      Object.freeze(one.prototype)
  },
  seal: () => Object.seal(Object.prototype),
  setters: () => Object.defineProperty(Object.prototype, 'nick', { set: refuse }),
  getters: () => Object.defineProperty(Object.prototype, 'nick', { get: () => 'Zaphod' }),
  overridable: () => {
    for (const name of ['constructor', 'toString', 'valueOf', 'hasOwnProperty']) overridable(name)
    Object.freeze(Object.prototype)
  },
}

if (when === 'before') changes[change]()
const { Store } = createRequire(import.meta.url)('crudjt')
if (when === 'after') changes[change]()

const text =
  '{"constructor": 1, "toString": "a", "get": {"value": 2, "valueOf": null}, "nick": [{"toString": {}, "nick": 1}]}'
const odd = JSON.parse(
  '{"toString": {"valueOf": 1, "constructor": {"get": 1}}, "hasOwnProperty": [], "nick": {"nick": 5}}',
)
const equal = (given, wanted) => assert.equal(JSON.stringify(given), JSON.stringify(wanted))

/** Every form of the calls: the calls of a connected store are promises only. */
async function tryOut(store, creates) {
  for (let i = 0; i < 200; i++) {
    for (const data of [JSON.parse(text), odd]) {
      const token = await creates[i % creates.length](data)
      for (let j = 0; j < 3; j++) equal((await store.read(token)).data, data)
      await store.update(token, data, { silence_read: 3 })
      for (const silence_read of [2, 1, 0]) {
        equal(await store.read(token), { metadata: { silence_read }, data })
      }
      assert.equal(await store.read(token), null)
    }
  }
}

if (address !== undefined) {
  const client = await Store.connect({ ...JSON.parse(address), timeout_ms: 60_000 })
  await tryOut(client, [(data) => client.create(data)])
  await client.close()
} else {
  const store = await Store.open({ path, secret_key, cache_size: 1 << 20 })
  await tryOut(store, [(data) => store.create(data), (data) => store.createSync(data)])
  const kept = await store.create(odd)
  await store.close()
  const again = await Store.open({ path, secret_key })
  equal(again.readSync(kept).data, odd)
  await again.close()
}
process.disconnect()
