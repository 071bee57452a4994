/**
 * The store's secret key: read from a file, or made and written to it (mode 0600) at the first start.
 * The file lies beside the store, never in it, and the key is never printed. A real service keeps its
 * key where the store's files can't be read from, such as a secret manager.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** @param {string} file @returns {string} 32 bytes in Base64 */
export function secretKey(file) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  try {
    writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  return readFileSync(file, 'utf8')
}
