// Loads the package a second time, as a copy of its own, and opens a store that the first one has open.
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Store } from 'crudjt'

const [, , folder, secret_key] = process.argv
const root = dirname(dirname(fileURLToPath(import.meta.resolve('crudjt'))))
const copy = join(folder, 'node_modules/crudjt')
mkdirSync(copy, { recursive: true })
for (const name of ['dist', 'package.json', 'native.cjs', 'proto']) {
  cpSync(join(root, name), join(copy, name), { recursive: true })
}
for (const name of ['crudjt.linux-x64-gnu.node']) cpSync(join(root, name), join(copy, name))
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
const other = createRequire(join(folder, 'x.js'))('crudjt')
const path = join(folder, 'store')
const store = await Store.open({ path, secret_key })
const error = await other.Store.open({ path, secret_key }).catch((error) => error)
console.log(error.code, error.message)
await store.close()
process.exit(error.code === 'ERR_CRUDJT_STORE_LOCKED' ? 0 : 1)
