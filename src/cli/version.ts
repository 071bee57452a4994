/** Which version of the package this is. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** As package.json says. */
export function version(): string {
  const manifest = readFileSync(join(__dirname, '../../../package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
