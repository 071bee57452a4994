/**
 * Errors as gRPC statuses and back. An error of this package arrives with the same class, code and text
 * on the other side: its code travels in a trailer. Texts of masters in other languages may contain
 * anything, so they are not passed on, apart from the known ones below.
 */
import { CRUDJTError, type ErrorCode, errorOf } from '../../errors.js'

/** The gRPC statuses in use. */
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

/** The trailer that carries an error code of this package. */
export const CODE_HEADER = 'crudjt-code'

/** An error as a master sends it. */
export interface StatusError {
  readonly status: number
  readonly text: string
  /** The error code of this package. */
  readonly code: ErrorCode
}

/** An error as a status, without its stack; the text of an unexpected error is not disclosed. */
export function statusErrorOf(error: unknown): StatusError {
  const { code, message } = error as Error & { code?: ErrorCode }
  if (typeof code !== 'string' || !code.startsWith('ERR_CRUDJT_')) return statusErrorOf(INTERNAL)
  const isArgument = !(error instanceof CRUDJTError)
  const status = isArgument ? Status.INVALID_ARGUMENT : (STATUSES[code] ?? Status.UNAVAILABLE)
  return { status, text: message, code }
}

const INTERNAL = new CRUDJTError('ERR_CRUDJT_INTERNAL', 'Internal error in crudjt')

/** The statuses of CRUDJTErrors; that of all others is UNAVAILABLE. */
const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  ERR_CRUDJT_UNAUTHENTICATED: Status.UNAUTHENTICATED,
  ERR_CRUDJT_DAMAGED: Status.DATA_LOSS,
  ERR_CRUDJT_VERSION: Status.FAILED_PRECONDITION,
  ERR_CRUDJT_INTERNAL: Status.INTERNAL,
}

/** Errors of masters in other languages, which send no code: the texts are part of their protocol. */
const FOREIGN_ERRORS: [text: RegExp, code: ErrorCode][] = [
  [/token can't be blank/, 'ERR_CRUDJT_TOKEN'],
  [/Must be a Hash/, 'ERR_CRUDJT_DATA'],
  [/Hash can not be bigger than \d+ bytesize/, 'ERR_CRUDJT_DATA_TOO_LARGE'],
  [/(?:ttl|silence_read) should be greater than 0 and less than 2\^64/, 'ERR_CRUDJT_LIMIT'],
]

/**
 * A status other than OK as an error of this package.
 * @param code the value of the trailer, if any
 * @param master the master's address, for display
 */
export function errorOfStatus(status: number, text: string, code: unknown, master: string): Error {
  if (typeof code === 'string' && /^ERR_CRUDJT_[A-Z_]+$/.test(code)) {
    return errorOf(code as ErrorCode, text)
  }
  for (const [pattern, code] of FOREIGN_ERRORS) {
    const match = pattern.exec(text)
    if (match !== null) return errorOf(code, match[0])
  }
  return new CRUDJTError(...errorOfBareStatus(status, master))
}

function errorOfBareStatus(status: number, master: string): [ErrorCode, string] {
  switch (status) {
    case Status.UNAUTHENTICATED:
      return ['ERR_CRUDJT_UNAUTHENTICATED', `The master at ${master} rejected the access key`]
    case Status.DEADLINE_EXCEEDED:
      return ['ERR_CRUDJT_DEADLINE', `The master at ${master} did not answer in time`]
    case Status.UNIMPLEMENTED:
      return ['ERR_CRUDJT_UNAVAILABLE', `The server at ${master} is not a CRUDJT master`]
    case Status.UNAVAILABLE:
      return ['ERR_CRUDJT_UNAVAILABLE', `The master at ${master} is unavailable: try again later`]
    default:
      return ['ERR_CRUDJT_INTERNAL', `The master at ${master} failed with gRPC status ${status}`]
  }
}
