/**
 * Errors as statuses of gRPC and back. What this package raises on one side arrives as the same class
 * with the same code and text on the other: the code travels beside the status. Texts of masters in
 * other languages are not passed on, for who knows what they hold, unless they are those known here.
 */
import { CRUDJTError, type ErrorCode, errorOf } from '../../errors.js'

/** The statuses that are used here, by their names in gRPC. */
export const Status = {
  OK: 0,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

/** The trailer that carries the code of an error of this package. */
export const CODE_HEADER = 'crudjt-code'

/** An error as a master answers it. */
export interface StatusError {
  readonly status: number
  readonly text: string
  /** The code of this package. */
  readonly code: ErrorCode
}

/** What a master answers where something was raised; never a stack, never an unknown text. */
export function refusalOf(error: unknown): StatusError {
  const { code, message } = error as Error & { code?: unknown }
  if (typeof code !== 'string' || !code.startsWith('ERR_CRUDJT_')) return INTERNAL
  return {
    status: statusOf(error as Error & { code: ErrorCode }),
    text: message,
    code: code as ErrorCode,
  }
}

const INTERNAL: StatusError = {
  status: Status.INTERNAL,
  text: 'Internal error of crudjt',
  code: 'ERR_CRUDJT_INTERNAL',
}

function statusOf(error: Error & { code: ErrorCode }): number {
  if (!(error instanceof CRUDJTError)) return Status.INVALID_ARGUMENT
  switch (error.code) {
    case 'ERR_CRUDJT_UNAUTHENTICATED':
      return Status.UNAUTHENTICATED
    case 'ERR_CRUDJT_DAMAGED':
      return Status.DATA_LOSS
    case 'ERR_CRUDJT_VERSION':
      return Status.FAILED_PRECONDITION
    case 'ERR_CRUDJT_INTERNAL':
      return Status.INTERNAL
    default:
      return Status.UNAVAILABLE
  }
}

/** The refusals of masters in other languages that are known by their texts. */
const KNOWN: [text: RegExp, code: ErrorCode][] = [
  [/token can't be blank/, 'ERR_CRUDJT_TOKEN'],
  [/Must be a Hash/, 'ERR_CRUDJT_DATA'],
  [/Hash can not be bigger than \d+ bytesize/, 'ERR_CRUDJT_DATA_TOO_LARGE'],
  [/(?:ttl|silence_read) should be greater than 0 and less than 2\^64/, 'ERR_CRUDJT_LIMIT'],
]

/**
 * A status other than OK as this package raises it.
 * @param code what stood in the trailer, if anything
 * @param master the master's address, for people
 */
export function errorOfStatus(status: number, text: string, code: unknown, master: string): Error {
  if (typeof code === 'string' && /^ERR_CRUDJT_[A-Z_]+$/.test(code)) {
    return errorOf(code as ErrorCode, text)
  }
  const known = KNOWN.find(([pattern]) => pattern.test(text))
  if (known !== undefined) return errorOf(known[1], (text.match(known[0]) as RegExpMatchArray)[0])
  return new CRUDJTError(...unknownRefusal(status, master))
}

function unknownRefusal(status: number, master: string): [ErrorCode, string] {
  switch (status) {
    case Status.UNAUTHENTICATED:
      return ['ERR_CRUDJT_UNAUTHENTICATED', `The master at ${master} wants another access key`]
    case Status.DEADLINE_EXCEEDED:
      return ['ERR_CRUDJT_DEADLINE', `The master at ${master} took too long`]
    case Status.UNIMPLEMENTED:
      return ['ERR_CRUDJT_UNAVAILABLE', `What answers at ${master} is no CRUDJT master`]
    case Status.UNAVAILABLE:
      return ['ERR_CRUDJT_UNAVAILABLE', `The master at ${master} can't answer now`]
    default:
      return ['ERR_CRUDJT_INTERNAL', `The master at ${master} failed with status ${status} of gRPC`]
  }
}
