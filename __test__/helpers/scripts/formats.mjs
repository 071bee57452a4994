// Uses the package as an ES module and as CommonJS at once; tells whether they are one.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import CRUDJT, * as names from 'crudjt'

const required = createRequire(import.meta.url)('crudjt')
assert.equal(required, CRUDJT)
assert.equal(names.CRUDJT, CRUDJT)
const { create, read, update, delete: del, Config, Store, CRUDJTError } = names
assert.deepEqual(
  { create, read, update, delete: del, Config, Store, CRUDJTError },
  {
    create: required.create,
    read: required.read,
    update: required.update,
    delete: required.delete,
    Config: required.Config,
    Store: required.Store,
    CRUDJTError: required.CRUDJTError,
  },
)

const [store_jt_path, secret_key] = process.argv.slice(2)
await Config.startMaster({ store_jt_path, secret_key, grpc_port: 0 })
assert.equal(required.Config.wasStarted(), true)
const token = await required.create({ a: 1 })
assert.deepEqual(await read(token), { data: { a: 1 } })
assert.equal(await del(token), true)
await required.Config.shutdownServer()
assert.equal(Config.wasStarted(), false)
await assert.rejects(read(token), CRUDJTError)
process.disconnect()
