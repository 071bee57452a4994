/**
 * Every error this package raises, in one place: the codes, the classes and how an error of the
 * engine becomes one of them. No text holds a token, data or a key.
 */

/** The codes of every error this package raises; stable within a major version. */
export type ErrorCode =
  | 'ERR_CRUDJT_ALREADY_STARTED'
  | 'ERR_CRUDJT_BUSY'
  | 'ERR_CRUDJT_DAMAGED'
  | 'ERR_CRUDJT_DATA'
  | 'ERR_CRUDJT_DATA_TOO_LARGE'
  | 'ERR_CRUDJT_DEADLINE'
  | 'ERR_CRUDJT_FULL'
  | 'ERR_CRUDJT_INTERNAL'
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

/** An error that no argument is to blame for: `code` says which, `cause` what lay beneath it. */
export class CRUDJTError extends Error {
  static {
    Object.defineProperty(CRUDJTError.prototype, 'name', { value: 'CRUDJTError', writable: true })
  }

  /** Which error it is. */
  readonly code: ErrorCode

  /**
   * @param code which error it is
   * @param message a sentence for a person
   * @param options `cause`: the error beneath it, if any
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A mistake in an argument: a TypeError or RangeError with a code. */
export type ArgumentError = (TypeError | RangeError) & { code: ErrorCode }

/** An argument of the wrong kind. */
export function typeError(code: ErrorCode, message: string): ArgumentError {
  return Object.assign(new TypeError(message), { code })
}

/** An argument of the right kind with a wrong value. */
export function rangeError(code: ErrorCode, message: string): ArgumentError {
  return Object.assign(new RangeError(message), { code })
}

/** Calls before a start or after the end. */
export function notStarted(
  message = 'CRUDJT has not started',
  options?: ErrorOptions,
): CRUDJTError {
  return new CRUDJTError('ERR_CRUDJT_NOT_STARTED', message, options)
}

/** What the binding hands over or throws where something failed: the engine's code and text. */
export interface EngineFailure {
  readonly code?: unknown
  readonly message: string
}

/** An error of the engine as this package raises it; anything else as it is. */
export function fromEngine(failure: unknown): unknown {
  if (!isFailure(failure)) return failure
  return errorOf(failure.code as ErrorCode, failure.message)
}

/** An error that was raised elsewhere, in the engine or by a master, as this package raises it. */
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

/** The errors of this package are instances of other classes than the engine's plain ones. */
function isFailure(value: unknown): value is EngineFailure {
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Error && Object.getPrototypeOf(value) !== Error.prototype) return false
  const { code } = value as EngineFailure
  return typeof code === 'string' && code.startsWith('ERR_CRUDJT_')
}
