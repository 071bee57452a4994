/**
 * Calls by the unary methods, which masters in all languages have.
 *
 * Invariant: a request that the master may have processed is never retransmitted.
 */
import type { IncomingHttpHeaders } from 'node:http2'
import {
  bytes,
  DATA_END,
  DATA_OFFSET,
  exact,
  header,
  READS_EXACT,
  READS_LEFT,
  TTL_EXACT,
  TTL_LEFT,
} from '../../engine/scratch.js'
import { CRUDJTError } from '../../errors.js'
import { decodeMap } from '../../msgpack/decode.js'
import { isPlainObject } from '../../options/check-options.js'
import { type Metadata, type Session, sessionWith } from '../../records/session.js'
import { delay } from '../../timers.js'
import { Kind, type OperationReader } from '../wire/batch-operation.js'
import { MALFORMED } from '../wire/protobuf.js'
import { CODE_HEADER, errorOfStatus, Status } from '../wire/status.js'
import {
  readFirst,
  readResult,
  writeCreateRequest,
  writeToken,
  writeUpdateRequest,
} from '../wire/token-messages.js'
import type { Link } from './connection.js'
import { connectionLost, deadlineExceeded, notMaster, unavailable } from './connection-errors.js'
import { type CallOutcome, isGrpc, requestHeaders, sendUnary } from './grpc-stream.js'

/** The pause before a request that the master refused unprocessed is retried. */
const RETRY_MS = 20

/** How a method's request is encoded, and its response decoded. */
interface Method {
  readonly name: string
  write(operation: OperationReader): Buffer
  read(reply: Buffer): unknown
}

const writeTokenOf = ({ token }: OperationReader) => writeToken(token)

/** The unary methods, by the kinds of their operations. */
const METHODS: Readonly<Record<number, Method>> = {
  [Kind.CREATE]: { name: 'CreateToken', write: writeCreateRequest, read: readToken },
  [Kind.READ]: { name: 'ReadToken', write: writeTokenOf, read: readSession },
  [Kind.UPDATE]: { name: 'UpdateToken', write: writeUpdateRequest, read: readResult },
  [Kind.DELETE]: { name: 'DeleteToken', write: writeTokenOf, read: readResult },
}

/** The calls that only masters with the batch stream support. */
const BATCH_ONLY: Readonly<Record<number, string>> = {
  [Kind.FLUSH]: 'flush()',
  [Kind.STATS]: 'stats()',
  [Kind.BACKUP]: 'backup()',
}

/** The connection for one call. */
export interface CallLink extends Link {
  /** Aborted at the deadline of the call. */
  readonly signal: AbortSignal
}

/** Makes the call of an operation, and resolves to its result. */
export async function callUnary(link: CallLink, operation: OperationReader): Promise<unknown> {
  const { kind, keep, durable } = operation
  if (keep) throw unsupported(link, 'keep: true')
  if (durable) throw unsupported(link, 'durable: true')
  const method = METHODS[kind]
  if (method === undefined) throw unsupported(link, BATCH_ONLY[kind] ?? 'this call')
  const reply = await send(link, method.name, method.write(operation))
  try {
    return method.read(reply)
  } catch (cause) {
    throw damaged("The master's reply cannot be decoded", { cause })
  }
}

function unsupported({ address }: Link, what: string): CRUDJTError {
  const message = `The master at ${address} runs an older version, which does not support ${what}`
  return new CRUDJTError('ERR_CRUDJT_UNSUPPORTED', message)
}

/** Sends a request, and returns the message of the response. */
async function send(link: CallLink, method: string, request: Buffer): Promise<Buffer> {
  const { address } = link
  const { status, text, headers, message } = await exchange(link, method, request)
  if (status === undefined) throw errorOfNoStatus(link, headers)
  if (status !== Status.OK) throw errorOfStatus(status, text, headers[CODE_HEADER], address)
  if (message === undefined) throw damaged(`The reply of the master at ${address} is truncated`)
  return message
}

/** Sends a request, and retries it as long as it certainly was not processed. */
async function exchange(link: CallLink, method: string, request: Buffer): Promise<CallOutcome> {
  const { connection, timeout, signal } = link
  const common = requestHeaders(`/token.TokenService/${method}`, link)
  const headers = { ...common, 'grpc-timeout': `${timeout}m` }
  for (;;) {
    const session = await connection.established(signal)
    if (session === undefined) throw unavailable(link)
    try {
      const outcome = await sendUnary(session, headers, request, signal)
      if (!outcome.isRefused || signal.aborted) return outcome
      await delay(RETRY_MS)
    } catch {
      connection.abandon(session)
    }
  }
}

function errorOfNoStatus(link: CallLink, headers: IncomingHttpHeaders): CRUDJTError {
  if (!isGrpc(headers)) return notMaster(link)
  if (!link.signal.aborted) return connectionLost(link)
  link.connection.check()
  return deadlineExceeded(link)
}

const values: unknown[] = []

function readToken(reply: Buffer): string {
  return readFirst(reply).toString()
}

/** Decodes the map in a ReadTokenResponse. @returns null if there is no such token */
function readSession(reply: Buffer): Session | null {
  const result = readFirst(reply)
  const isNothing = result[0] === 0xc0 || result[0] === 0x80
  if (result.length === 0 || (result.length === 1 && isNothing)) return null
  if (result.length > DATA_END - DATA_OFFSET) throw MALFORMED
  result.copy(bytes, DATA_OFFSET)
  const { data, metadata } = decodeMap(result.length, values, 0).build(values, 0)
  if (!isPlainObject(data)) throw MALFORMED
  const { ttl, silence_read } = (metadata ?? {}) as Metadata
  setLimit(ttl, TTL_LEFT, TTL_EXACT)
  setLimit(silence_read, READS_LEFT, READS_EXACT)
  return sessionWith(data)
}

/** Sets what is left of a limit as the engine would. Masters in some languages encode integers as floats. */
function setLimit(limit: unknown, index: number, exactIndex: number): void {
  const isWhole = typeof limit === 'bigint' || Number.isInteger(limit)
  header[index] = isWhole ? Number(limit) : -1
  if (isWhole) exact[exactIndex] = BigInt(limit as number | bigint)
}

function damaged(message: string, options?: ErrorOptions): CRUDJTError {
  return new CRUDJTError('ERR_CRUDJT_DAMAGED', message, options)
}
