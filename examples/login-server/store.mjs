/**
 * Opens the store of the example. Its secret key is in a file beside the store's folder, never in it. In
 * production, keep the key where the store's files cannot be read from, such as a secret manager.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Store } from 'crudjt'

export const storePath = (folder) => join(folder, 'store_jt')

/** @param {string} folder of the service, created if missing @returns {Promise<Store>} */
export function openStore(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return Store.open({
    path: storePath(folder),
    secret_key: secretKey(join(folder, 'secret_key.txt')),
    max_data_size: 1024, // some records of the example exceed the default of 256 bytes
  })
}

/** Generates the key at the first start. */
function secretKey(file) {
  try {
    writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  return readFileSync(file, 'utf8')
}
