/**
 * The errors that this package raises: their codes, their classes, and how an error of the engine
 * becomes one of them. No message holds a token, a key or a value of the caller's data; names of
 * properties only as far as `looksLikeName` lets them.
 */
import { hostname } from 'node:os'
import { types } from 'node:util'

/** The codes of all errors; stable within a major version. */
export type ErrorCode =
  | 'ERR_CRUDJT_ALREADY_STARTED'
  | 'ERR_CRUDJT_BUSY'
  | 'ERR_CRUDJT_DAMAGED'
  | 'ERR_CRUDJT_DATA'
  | 'ERR_CRUDJT_DATA_TOO_LARGE'
  | 'ERR_CRUDJT_DEADLINE'
  | 'ERR_CRUDJT_FULL'
  | 'ERR_CRUDJT_INTERNAL'
  | 'ERR_CRUDJT_INVALID_THIS'
  | 'ERR_CRUDJT_LIMIT'
  | 'ERR_CRUDJT_LISTEN'
  | 'ERR_CRUDJT_NOT_STARTED'
  | 'ERR_CRUDJT_OPTION'
  | 'ERR_CRUDJT_OUTCOME_UNKNOWN'
  | 'ERR_CRUDJT_PATH'
  | 'ERR_CRUDJT_PLATFORM'
  | 'ERR_CRUDJT_SECRET_KEY'
  | 'ERR_CRUDJT_STORAGE'
  | 'ERR_CRUDJT_STORE_LOCKED'
  | 'ERR_CRUDJT_STORE_OPEN'
  | 'ERR_CRUDJT_TOKEN'
  | 'ERR_CRUDJT_UNAUTHENTICATED'
  | 'ERR_CRUDJT_UNAVAILABLE'
  | 'ERR_CRUDJT_UNKNOWN_KEY'
  | 'ERR_CRUDJT_UNSUPPORTED'
  | 'ERR_CRUDJT_VERSION'

/** Something that the engine reports outside of any call. */
export interface StoreEvent {
  /** Which event, as `CRUDJT_NEW_KEY`; stable within a major version. */
  readonly code: string
  /** A sentence for a person; holds no token, data or key. */
  readonly message: string
}

/** An error that is not a mistake in an argument. `code` says which one, `cause` what caused it. */
export class CRUDJTError extends Error {
  static {
    Object.defineProperty(CRUDJTError.prototype, 'name', { value: 'CRUDJTError', writable: true })
  }

  /** Which error this is. */
  readonly code: ErrorCode

  /**
   * @param code which error this is
   * @param message a sentence for a person
   * @param options `cause`: the underlying error, if any
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A mistake in an argument: a TypeError or RangeError with a code. */
export type ArgumentError = (TypeError | RangeError) & { code: ErrorCode }

/**
 * Whether an error is one of this package: a `CRUDJTError`, or a mistake in an argument. Also knows
 * those of another copy of the package, and of another realm, which are no instances of this `CRUDJTError`.
 */
export function isCrudjtError(error: unknown): error is CRUDJTError | ArgumentError {
  if (!types.isNativeError(error)) return false
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && code.startsWith('ERR_CRUDJT_')
}

/** The error for an argument of the wrong type. */
export function typeError(code: ErrorCode, message: string): ArgumentError {
  return Object.assign(new TypeError(message), { code })
}

/** The error for an argument of the right type whose value is out of range. */
export function rangeError(code: ErrorCode, message: string): ArgumentError {
  return Object.assign(new RangeError(message), { code })
}

/** The longest name that messages show; tokens have 22 characters. */
const LONGEST_NAME = 20

/**
 * Whether the key of a property looks like a name in a program, which a message may show, rather than
 * like data: no more than 20 characters of an identifier, of which no more than two are digits.
 */
export function looksLikeName(key: string): boolean {
  if (key.length > LONGEST_NAME || /\d.*\d.*\d/.test(key)) return false
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
}

/** The error of calls before a start or after a close. */
export function notStarted(
  message = 'CRUDJT has not started',
  options?: ErrorOptions,
): CRUDJTError {
  return new CRUDJTError('ERR_CRUDJT_NOT_STARTED', message, options)
}

/** The error of a method that was called without its store. */
export function invalidThis(): ArgumentError {
  const advice =
    'call it as store.method(…); a method that is passed on, or a store behind a Proxy, must be bound: store.method.bind(store)'
  return typeError('ERR_CRUDJT_INVALID_THIS', `The method was called without its store: ${advice}`)
}

/** A failure as the binding returns or throws it: the engine's code and message. */
export interface EngineFailure {
  readonly code?: unknown
  readonly message: string
  /** Of a locked store: the process that has it open, if that is known. */
  readonly owner?: { readonly host: string; readonly pid: number }
}

/** Why a store that this very process has locked cannot be opened, or be maintained. */
export const BY_ANOTHER_COPY =
  'another copy of the package in this process has it open (close it there, or load only one copy), or a process of the same id in another container'
export const BY_ITSELF =
  'this process has it open itself, or one of the same id in another container'

/**
 * Converts an error of the engine to one of this package; returns anything else as it is.
 * @param ownLock what the error of a store adds that this very process has locked
 */
export function fromEngine(failure: unknown, ownLock = BY_ITSELF): unknown {
  if (!isFailure(failure)) return failure
  const code = failure.code as ErrorCode
  const message = isOwnLock(failure) ? `${failure.message}: ${ownLock}` : failure.message
  return errorOf(code, namingOptions(code, message))
}

function isOwnLock({ owner }: EngineFailure): boolean {
  return owner !== undefined && owner.pid === process.pid && owner.host === hostname()
}

/** The engine does not know the names of options: this adds them to its messages. */
function namingOptions(code: ErrorCode, message: string): string {
  switch (code) {
    case 'ERR_CRUDJT_SECRET_KEY':
      return `'secret_key' ${message}`
    case 'ERR_CRUDJT_UNKNOWN_KEY':
      return `${message}, or leave out require_known_key`
    default:
      return message
  }
}

/** The error for a code and message that the engine or a master reported. */
export function errorOf(code: ErrorCode, message: string): Error {
  switch (code) {
    case 'ERR_CRUDJT_DATA':
    case 'ERR_CRUDJT_OPTION':
    case 'ERR_CRUDJT_SECRET_KEY':
      return typeError(code, message)
    case 'ERR_CRUDJT_DATA_TOO_LARGE':
    case 'ERR_CRUDJT_LIMIT':
    case 'ERR_CRUDJT_TOKEN':
      return rangeError(code, message)
    default:
      return new CRUDJTError(code, message)
  }
}

/** The engine throws plain Errors; those of this package are instances of other classes. */
function isFailure(value: unknown): value is EngineFailure {
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Error && Object.getPrototypeOf(value) !== Error.prototype) return false
  const { code } = value as EngineFailure
  return typeof code === 'string' && code.startsWith('ERR_CRUDJT_')
}
