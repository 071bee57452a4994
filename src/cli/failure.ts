/**
 * Turns an error of the library into the line and the exit status that a command ends with.
 *
 * Invariant: the error's code and the permissions of the store's files decide, never an error's text.
 */
import type { ErrorCode } from '../errors.js'
import { CommandError, STATUS } from './exit.js'
import { type StoreAccess, storePermissionHint } from './settings/permissions.js'

/** Errors that retrying cannot cure. */
const MISCONFIGURED: readonly ErrorCode[] = [
  'ERR_CRUDJT_OPTION',
  'ERR_CRUDJT_PATH',
  'ERR_CRUDJT_SECRET_KEY',
  'ERR_CRUDJT_UNKNOWN_KEY',
]

/** Errors that missing permissions on the store's files can cause. */
const MAYBE_DENIED: readonly ErrorCode[] = [
  'ERR_CRUDJT_PATH',
  'ERR_CRUDJT_STORAGE',
  'ERR_CRUDJT_DAMAGED',
]

/** What a command does with a store. */
export interface Run {
  /** The store's folder; undefined for the default one. */
  readonly path: string | undefined
  readonly access: StoreAccess
  /** The file or variable that the secret came from, if there is one. */
  readonly secretSource?: string | undefined
  /** The exit status of a failure that retrying may cure. */
  readonly failed: number
}

/** The failure of a command that requires a store which no process has open. Otherwise like `failureOf`. */
export function storeFailure(error: unknown, run: Run): unknown {
  const { code, message } = error as { code?: ErrorCode; message: string }
  if (code !== 'ERR_CRUDJT_STORE_LOCKED') return failureOf(error, run)
  const advice = 'stop it first, or work on a copy made with npx crudjt backup'
  return new CommandError(run.failed, `${message}: ${advice}`)
}

/** The failure of any command on a store. Errors that are not from this package are returned as is. */
export function failureOf(error: unknown, run: Run): unknown {
  const { code, message } = error as { code?: ErrorCode; message: string }
  if (!code?.startsWith('ERR_CRUDJT_')) return error
  const { path, access, secretSource = '', failed } = run
  const isMaybeDenied = path !== undefined && MAYBE_DENIED.includes(code)
  const hint = isMaybeDenied ? storePermissionHint(path, access) : undefined
  if (hint !== undefined) {
    return new CommandError(STATUS.config, `Permission denied for the store at ${path}: ${hint}`)
  }
  const text =
    code === 'ERR_CRUDJT_SECRET_KEY'
      ? `Invalid secret key in ${secretSource}: ${message}. Generate one with npx crudjt keygen`
      : message
  return new CommandError(MISCONFIGURED.includes(code) ? STATUS.config : failed, text)
}
