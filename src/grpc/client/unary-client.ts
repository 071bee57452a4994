/**
 * Calls by the unary methods, which masters in all languages have.
 *
 * Invariant: a request that the master may have processed is never retransmitted.
 */
import { EXACT_LIMIT } from '../../engine/native.js'
import { exact, READS_EXACT, TTL_EXACT } from '../../engine/scratch.js'
import { CRUDJTError } from '../../errors.js'
import { type Session, sessionFrom } from '../../records/session.js'
import { clearTimeout, delay, setTimeout } from '../../timers.js'
import { Kind, type OperationArguments } from '../wire/batch-operation.js'
import { unpackReadResult } from '../wire/read-response.js'
import { CODE_HEADER, errorOfStatus, Status } from '../wire/status.js'
import {
  readFirst,
  readResult,
  type WireLimits,
  writeCreateRequest,
  writeToken,
  writeUpdateRequest,
} from '../wire/token-messages.js'
import { connectionLost, deadlineExceeded, notMaster, unavailable } from './connection-errors.js'
import { type CallOutcome, callUnary, isGrpc, requestHeaders } from './grpc-call.js'
import type { Link } from './link.js'

/** The pause before a request that the master refused unprocessed is retried. */
const RETRY_MS = 20

/** The calls that only masters with the batch stream support. */
const BATCH_ONLY: Readonly<Record<number, string>> = {
  [Kind.FLUSH]: 'flush()',
  [Kind.STATS]: 'stats()',
  [Kind.BACKUP]: 'backup()',
}

/** The calls of one client. */
export class UnaryClient {
  constructor(private readonly link: Link) {}

  /** See `Calls`. */
  async call<T>(args: OperationArguments): Promise<T> {
    return (await this.dispatch(args)) as T
  }

  private dispatch(args: OperationArguments): Promise<unknown> {
    const { kind, token = '', length = 0, keep, durable } = args
    if (keep) throw this.unsupported('keep: true')
    if (durable) throw this.unsupported('durable: true')
    switch (kind) {
      case Kind.CREATE:
        return this.create(writeCreateRequest(length, limitsOf(args)))
      case Kind.READ:
        return this.read(writeToken(token))
      case Kind.UPDATE:
        return this.change('UpdateToken', writeUpdateRequest(token, length, limitsOf(args)))
      case Kind.DELETE:
        return this.change('DeleteToken', writeToken(token))
      default:
        throw this.unsupported(BATCH_ONLY[kind] ?? 'this call')
    }
  }

  private async create(request: Buffer): Promise<string> {
    return readFirst(await this.send('CreateToken', request)).toString('utf8')
  }

  private async read(request: Buffer): Promise<Session | null> {
    const length = unpackReadResult(readFirst(await this.send('ReadToken', request)))
    return length < 0 ? null : sessionFrom(length)
  }

  private async change(method: string, request: Buffer): Promise<boolean> {
    return readResult(await this.send(method, request))
  }

  private unsupported(what: string): CRUDJTError {
    const message = `The master at ${this.link.address} runs an older version, which does not support ${what}`
    return new CRUDJTError('ERR_CRUDJT_UNSUPPORTED', message)
  }

  private async send(method: string, request: Buffer): Promise<Buffer> {
    const { connection, timeout } = this.link
    const expiry = new AbortController()
    const timer = setTimeout(() => expiry.abort(), timeout)
    connection.ref()
    try {
      return this.messageOf(await this.exchange(method, request, expiry.signal), expiry.signal)
    } finally {
      connection.unref()
      clearTimeout(timer)
    }
  }

  /** Sends a request, and retries it as long as it certainly was not processed. */
  private async exchange(
    method: string,
    request: Buffer,
    signal: AbortSignal,
  ): Promise<CallOutcome> {
    const { connection } = this.link
    for (;;) {
      const session = await connection.established(signal)
      if (session === undefined) throw unavailable(this.link)
      try {
        const outcome = await callUnary(session, this.headers(method), request, signal)
        if (!outcome.isRefused || signal.aborted) return outcome
        await delay(RETRY_MS)
      } catch {
        connection.abandon(session)
      }
    }
  }

  private headers(method: string) {
    const timeout = { 'grpc-timeout': `${this.link.timeout}m` }
    return requestHeaders(`/token.TokenService/${method}`, this.link, timeout)
  }

  private messageOf(outcome: CallOutcome, signal: AbortSignal): Buffer {
    const { address } = this.link
    const { status, text, headers, message } = outcome
    if (status === undefined) throw this.errorOfNoStatus(outcome, signal)
    if (status !== Status.OK) throw errorOfStatus(status, text, headers[CODE_HEADER], address)
    if (message === undefined) {
      throw new CRUDJTError(
        'ERR_CRUDJT_DAMAGED',
        `The reply of the master at ${address} is truncated`,
      )
    }
    return message
  }

  private errorOfNoStatus({ headers }: CallOutcome, signal: AbortSignal): CRUDJTError {
    const { link } = this
    if (!isGrpc(headers)) return notMaster(link)
    if (!signal.aborted) return connectionLost(link)
    link.connection.check()
    return deadlineExceeded(link)
  }
}

function limitsOf({ ttl, reads }: OperationArguments): WireLimits {
  return {
    ttl: ttl === EXACT_LIMIT ? (exact[TTL_EXACT] as bigint) : ttl,
    silence_read: reads === EXACT_LIMIT ? (exact[READS_EXACT] as bigint) : reads,
  }
}
