// Loads the package a second time, as a copy of its own: what one copy makes, the other knows.
// node copies.mjs FOLDER KEY
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import { CRUDJTError, Extension, isCrudjtError, Store } from 'crudjt'

const [, , folder, secret_key] = process.argv
const root = dirname(dirname(fileURLToPath(import.meta.resolve('crudjt'))))
const copy = join(folder, 'node_modules/crudjt')
mkdirSync(copy, { recursive: true })
const binaries = readdirSync(root).filter((name) => name.endsWith('.node'))
for (const name of ['dist', 'package.json', 'native.cjs', 'proto', ...binaries]) {
  cpSync(join(root, name), join(copy, name), { recursive: true })
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
const other = createRequire(join(folder, 'x.js'))('crudjt')

const store = await Store.open({ path: join(folder, 'store'), secret_key })
const failed = await other.read('x').catch((error) => error)
assert(!(failed instanceof CRUDJTError) && failed instanceof other.CRUDJTError)
assert(isCrudjtError(failed) && other.isCrudjtError(failed))
const refused = await store.create({ a: () => 1 }).catch((error) => error)
assert(isCrudjtError(refused) && other.isCrudjtError(refused))
const foreign = runInNewContext(
  "Object.assign(new TypeError('a'), { code: 'ERR_CRUDJT_DATA', a: 1 })",
)
assert(isCrudjtError(foreign))
for (const none of [new Error('a'), Object.assign(new Error('a'), { code: 'ENOENT' })]) {
  assert(!isCrudjtError(none))
}
for (const none of [undefined, null, 'ERR_CRUDJT_DATA', { code: 'ERR_CRUDJT_DATA' }]) {
  assert(!isCrudjtError(none))
}

const bytes = Buffer.from([1, 2])
for (const made of [new Extension(5, bytes), new other.Extension(5, bytes)]) {
  const token = await store.create({ made })
  const { data } = await store.read(token)
  assert(data.made instanceof Extension)
  assert.deepEqual({ ...data.made }, { type: 5, data: bytes })
}
await store.close()
process.disconnect()
