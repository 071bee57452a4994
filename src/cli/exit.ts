/** Exit statuses, the error that carries one, and the version that `--version` prints. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The exit statuses besides 0. Those above 2 are from BSD's sysexits.h. */
export const STATUS = {
  /** The operation failed, for example because a port is in use. */
  failed: 1,
  /** The store was checked and has defects. */
  unsound: 1,
  /** The store could not be checked, for example because it is in use. */
  unchecked: 2,
  /** The server serves, but its store is damaged, its disk is full or it refuses writes; a store is sound, but has lost tokens before. */
  degraded: 3,
  /** The command line is invalid (EX_USAGE). */
  usage: 64,
  /** The report could not be written (EX_IOERR). */
  output: 74,
  /** The secret key, a folder or an environment variable is wrong; retrying cannot help (EX_CONFIG). */
  config: 78,
} as const

/** Ends a command. The message is one line that says what is wrong and what to do. */
export class CommandError extends Error {
  /** The exit status. */
  readonly status: number

  /**
   * @param status the exit status
   * @param message one line for a person, without any token, data or key
   */
  constructor(status: number, message: string) {
    super(message.replaceAll(/\s*\n\s*/g, ' ').replaceAll(/\p{Cc}/gu, '\u{fffd}'))
    this.status = status
  }
}

/** The version in package.json. */
export function version(): string {
  const manifest = readFileSync(join(__dirname, '../../../package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
