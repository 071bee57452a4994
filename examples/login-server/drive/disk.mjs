/** Disk space in use. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const BLOCK = 512 // the unit of `blocks` in stat, on every system

/** Bytes allocated to the files in a folder, which may differ from their lengths. @param {string} folder */
export function allocatedBytes(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const blocks = files.map((file) => statSync(join(file.parentPath, file.name)).blocks)
  return blocks.reduce((sum, count) => sum + count * BLOCK, 0)
}
