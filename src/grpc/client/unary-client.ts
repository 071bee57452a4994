/**
 * A client's calls by the unary methods, which every master of every language has.
 *
 * Invariant: a request that may have reached the master is not sent again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { EXACT_LIMIT } from '../../engine/native.js'
import { exact, READS_EXACT, TTL_EXACT } from '../../engine/scratch.js'
import { CRUDJTError } from '../../errors.js'
import { type Session, sessionFrom } from '../../records/session.js'
import { Kind, type OperationArguments } from '../wire/batch-operation.js'
import { openResult } from '../wire/read-response.js'
import { CODE_HEADER, errorOfStatus, Status } from '../wire/status.js'
import {
  readFirst,
  readResult,
  type WireLimits,
  writeCreateRequest,
  writeToken,
  writeUpdateRequest,
} from '../wire/token-messages.js'
import { lost, noMaster, tooLate, unavailable } from './connection-errors.js'
import { type CallOutcome, exchange, isGrpc, requestHeaders } from './grpc-call.js'
import type { Link } from './link.js'

/** The calls of one client. */
export class UnaryClient {
  private readonly link: Link

  constructor(link: Link) {
    this.link = link
  }

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
        throw this.unsupported(RARE[kind] ?? 'this')
    }
  }

  private async create(request: Buffer): Promise<string> {
    return readFirst(await this.send('CreateToken', request)).toString('utf8')
  }

  private async read(request: Buffer): Promise<Session | null> {
    const length = openResult(readFirst(await this.send('ReadToken', request)))
    return length < 0 ? null : sessionFrom(length)
  }

  private async change(method: string, request: Buffer): Promise<boolean> {
    return readResult(await this.send(method, request))
  }

  private unsupported(what: string): CRUDJTError {
    const message = `The master at ${this.link.address} is an older one: it does not know ${what}`
    return new CRUDJTError('ERR_CRUDJT_UNSUPPORTED', message)
  }

  private async send(method: string, request: Buffer): Promise<Buffer> {
    const { connection, timeout } = this.link
    const expiry = new AbortController()
    const timer = setTimeout(() => expiry.abort(), timeout)
    connection.hold()
    try {
      return this.answerOf(await this.insist(method, request, expiry.signal), expiry.signal)
    } finally {
      connection.release()
      clearTimeout(timer)
    }
  }

  /** Sends a request once, or again for as long as the master certainly has not looked at it. */
  private async insist(method: string, request: Buffer, signal: AbortSignal): Promise<CallOutcome> {
    const { connection } = this.link
    for (;;) {
      const session = await connection.established(signal)
      if (session === undefined) throw unavailable(this.link)
      try {
        const outcome = await exchange(session, this.headers(method), request, signal)
        if (!outcome.isUntouched || signal.aborted) return outcome
        await delay(REFUSED_WAIT_MS)
      } catch {
        connection.abandon(session)
      }
    }
  }

  private headers(method: string) {
    const timeout = { 'grpc-timeout': `${this.link.timeout}m` }
    return requestHeaders(`/token.TokenService/${method}`, this.link, timeout)
  }

  private answerOf(outcome: CallOutcome, signal: AbortSignal): Buffer {
    const { address } = this.link
    const { status, text, headers, message } = outcome
    if (status === undefined) throw this.unanswered(outcome, signal)
    if (status !== Status.OK) throw errorOfStatus(status, text, headers[CODE_HEADER], address)
    if (message === undefined) {
      throw new CRUDJTError(
        'ERR_CRUDJT_DAMAGED',
        `The answer of the master at ${address} is cut short`,
      )
    }
    return message
  }

  private unanswered({ headers }: CallOutcome, signal: AbortSignal): CRUDJTError {
    const { link } = this
    if (!isGrpc(headers)) return noMaster(link)
    if (!signal.aborted) return lost(link)
    link.connection.check()
    return tooLate(link)
  }
}

/** What only masters with the batch stream know. */
const RARE: Readonly<Record<number, string>> = {
  [Kind.FLUSH]: 'flush()',
  [Kind.STATS]: 'stats()',
  [Kind.BACKUP]: 'backup()',
}

/** How long to wait before a request is sent again that the master had no room for. */
const REFUSED_WAIT_MS = 20

function limitsOf({ ttl, reads }: OperationArguments): WireLimits {
  return {
    ttl: ttl === EXACT_LIMIT ? (exact[TTL_EXACT] as bigint) : ttl,
    silence_read: reads === EXACT_LIMIT ? (exact[READS_EXACT] as bigint) : reads,
  }
}
