/** Disk space in use. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const BLOCK = 512 // what stat counts in, on every system

/** Bytes allocated to all files under a folder, which may differ from their lengths. @param {string} folder */
export function allocatedBytes(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.reduce(
    (sum, file) => sum + statSync(join(file.parentPath, file.name)).blocks * BLOCK,
    0,
  )
}
