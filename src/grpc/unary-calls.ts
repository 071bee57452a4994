/**
 * A client's calls by the unary methods, which every master of every language has.
 *
 * Invariant: a request that may have reached the master is not sent again.
 */
import type { IncomingHttpHeaders } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import { CRUDJTError } from '../errors.js'
import * as scratch from '../scratch.js'
import { keptData, type Session, sessionOf } from '../session.js'
import type { StoreStats } from '../stats.js'
import { ACCESS_HEADER, bearer } from './access.js'
import type { Calls, How } from './calls.js'
import type { Connection } from './connection.js'
import { openResult } from './envelope.js'
import { exchange, type Outcome, requestHeaders } from './grpc-call.js'
import {
  readFirst,
  readResult,
  type WireLimits,
  writeCreateRequest,
  writeToken,
  writeUpdateRequest,
} from './messages.js'
import { CODE_HEADER, errorOfStatus, Status } from './status.js'

const { exact, READS_EXACT, TTL_EXACT } = scratch

/** To the engine: the limit is in the scratch header. */
const EXACT = -2

/** A client's end of a connection. */
export interface Link {
  readonly connection: Connection
  /** The master's address, for people. */
  readonly address: string
  readonly timeout: number
  readonly accessKey: string | undefined
}

/** The calls of one client. */
export class UnaryCalls implements Calls {
  private readonly link: Link

  constructor(link: Link) {
    this.link = link
  }

  async create(length: number, ttl: number, reads: number, durable: boolean): Promise<string> {
    if (durable) throw this.unsupported('durable: true')
    const request = writeCreateRequest(length, limitsOf(ttl, reads))
    return readFirst(await this.call('CreateToken', request)).toString('utf8')
  }

  async read(token: string): Promise<Session | null> {
    const length = openResult(readFirst(await this.call('ReadToken', writeToken(token))))
    if (length < 0) return null
    const kept = keptData(length)
    return sessionOf(kept.shape, kept.values, 0)
  }

  async update(
    token: string,
    length: number,
    ttl: number,
    reads: number,
    { keep, durable }: How,
  ): Promise<boolean> {
    if (keep) throw this.unsupported('keep: true')
    if (durable) throw this.unsupported('durable: true')
    const request = writeUpdateRequest(token, length, limitsOf(ttl, reads))
    return readResult(await this.call('UpdateToken', request))
  }

  async remove(token: string, durable: boolean): Promise<boolean> {
    if (durable) throw this.unsupported('durable: true')
    return readResult(await this.call('DeleteToken', writeToken(token)))
  }

  async flush(): Promise<void> {
    throw this.unsupported('flush()')
  }

  async stats(): Promise<StoreStats> {
    throw this.unsupported('stats()')
  }

  private unsupported(what: string): CRUDJTError {
    const message = `The master at ${this.link.address} is an older one: it does not know ${what}`
    return new CRUDJTError('ERR_CRUDJT_UNSUPPORTED', message)
  }

  private async call(method: string, request: Buffer): Promise<Buffer> {
    const { connection, timeout } = this.link
    const expiry = new AbortController()
    const timer = setTimeout(() => expiry.abort(), timeout)
    connection.hold()
    try {
      return this.answerOf(await this.send(method, request, expiry.signal), expiry.signal)
    } finally {
      connection.release()
      clearTimeout(timer)
    }
  }

  /** Sends a request once, or again for as long as the master certainly has not looked at it. */
  private async send(method: string, request: Buffer, signal: AbortSignal): Promise<Outcome> {
    const { connection } = this.link
    for (;;) {
      const session = await connection.established(signal)
      if (session === undefined) throw this.unavailable()
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
    const { timeout, accessKey } = this.link
    const access = accessKey === undefined ? {} : { [ACCESS_HEADER]: bearer(accessKey) }
    return requestHeaders(`/token.TokenService/${method}`, {
      'grpc-timeout': `${timeout}m`,
      ...access,
    })
  }

  private answerOf(outcome: Outcome, signal: AbortSignal): Buffer {
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

  private unanswered({ headers }: Outcome, signal: AbortSignal): CRUDJTError {
    const { address, timeout } = this.link
    if (headers[':status'] !== undefined && !isGrpc(headers)) {
      const message = `What answers at ${address} is no CRUDJT master`
      return new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
    }
    if (signal.aborted) {
      const message = `The master at ${address} has not answered within ${timeout} ms`
      return new CRUDJTError('ERR_CRUDJT_DEADLINE', message)
    }
    const message = `The connection to the master at ${address} was lost: whether the call was carried out is not known`
    return new CRUDJTError('ERR_CRUDJT_OUTCOME_UNKNOWN', message)
  }

  private unavailable(): CRUDJTError {
    const { address, timeout, connection } = this.link
    const message = `No master can be reached at ${address} within ${timeout} ms: ${connection.reason}`
    return new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
  }
}

function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.startsWith('application/grpc') === true
}

/** How long to wait before a request is sent again that the master had no room for. */
const REFUSED_WAIT_MS = 20

function limitsOf(ttl: number, reads: number): WireLimits {
  return {
    ttl: ttl === EXACT ? (exact[TTL_EXACT] as bigint) : ttl,
    silence_read: reads === EXACT ? (exact[READS_EXACT] as bigint) : reads,
  }
}
