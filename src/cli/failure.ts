/** Why a server did not start: one line and the exit status. */
import type { ErrorCode } from '../errors.js'
import { CommandError, STATUS } from './exit.js'
import { cureOfFolder } from './ownership.js'

/** What trying again will not cure. */
export const MISCONFIGURED: readonly (ErrorCode | undefined)[] = [
  'ERR_CRUDJT_OPTION',
  'ERR_CRUDJT_PATH',
  'ERR_CRUDJT_SECRET_KEY',
  'ERR_CRUDJT_UNKNOWN_KEY',
]

/** What the server was to use. */
export interface AddressInUse {
  /** The store's folder, if one was given. */
  readonly folder: string | undefined
  /** The file or variable that the secret came from. */
  readonly secretSource: string
}

/** The refusal for an error of the start; anything that is no error of this package as it is. */
export function refusalOf(error: unknown, wanted: AddressInUse): unknown {
  const { code, message } = error as { code?: ErrorCode; message: string }
  if (!code?.startsWith('ERR_CRUDJT_')) return error
  const cure = wanted.folder && isDenied(code, message) ? cureOfFolder(wanted.folder) : undefined
  if (cure !== undefined) {
    return new CommandError(STATUS.config, `This user may not write ${wanted.folder}: ${cure}`)
  }
  const status = MISCONFIGURED.includes(code) ? STATUS.config : STATUS.failed
  return new CommandError(
    status,
    code === 'ERR_CRUDJT_SECRET_KEY' ? inSecret(message, wanted) : message,
  )
}

/** The folder itself is refused with a code of its own, a file in it with what the system said. */
function isDenied(code: ErrorCode, message: string): boolean {
  return code === 'ERR_CRUDJT_PATH' || /\(os error 13\)/.test(message)
}

/** What is wrong with a secret, and where it came from. */
export function inSecret(
  message: string,
  { secretSource }: Pick<AddressInUse, 'secretSource'>,
): string {
  return `The secret in ${secretSource} is no key: ${message}. npx crudjt keygen makes one`
}
