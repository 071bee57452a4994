// Windows only: paths with drive letters and spaces, the default path, and locking.

const assert = require('node:assert')
const { spawnSync } = require('node:child_process')
const { existsSync, mkdirSync } = require('node:fs')
const { join } = require('node:path')
const { Store } = require('crudjt')

const secret_key = 'nSjWk2Q6w50NWkXr0EGvzqU6lAKdar7R2hBrjdfZ+DI='

async function main() {
  const [, , only, path] = process.argv
  if (only === 'open') return void (await Store.open({ path, secret_key }))
  await drivesAndSpaces()
  await defaultPath()
  await locking()
  console.log('3 passed, 0 failed')
}

async function drivesAndSpaces() {
  const folder = join('C:\\', 'my own folder', 'store jt')
  for (const path of [folder, folder.replaceAll('\\', '/'), `\\\\?\\${folder}`]) {
    const store = await Store.open({ path, secret_key })
    const token = await store.create({ path: 'a' })
    await store.close()
    const again = await Store.open({ path: folder, secret_key })
    assert.deepStrictEqual(await again.read(token), { data: { path: 'a' } })
    await again.close()
  }
}

async function defaultPath() {
  const store = await Store.open({ secret_key })
  assert.strictEqual(store.path, 'C:\\Program Files\\store_jt')
  assert.ok(existsSync(store.path))
  await store.close()
}

async function locking() {
  const path = 'C:\\locked store'
  mkdirSync(path, { recursive: true })
  const store = await Store.open({ path, secret_key })
  const { stderr } = spawnSync(process.execPath, [__filename, 'open', path])
  assert.match(stderr.toString(), /ERR_CRUDJT_STORE_LOCKED/)
  assert.match(stderr.toString(), new RegExp(`process ${process.pid} on host`))
  await store.close()
  assert.strictEqual(spawnSync(process.execPath, [__filename, 'open', path]).status, 0)
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
