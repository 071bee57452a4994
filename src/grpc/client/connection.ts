/**
 * A client's connection to its master: one HTTP/2 session, made when somebody asks for it and made
 * anew when it is lost.
 *
 * Written on `node:http2` and not on a gRPC library because of two things that such libraries don't
 * give: an open stream must keep no process alive, and a call that was lost must tell whether it had
 * been sent.
 *
 * Invariants: a session is handed out only after its peer has introduced itself as HTTP/2; attempts
 * are made only while somebody waits; the process is kept alive only by calls under way.
 */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import type { Endpoint } from '../wire/address.js'

/** Between two attempts: the first wait, and the longest, in milliseconds. */
const FIRST_WAIT_MS = 20
const LONGEST_WAIT_MS = 500

/** A connection, whatever its state. */
export class Connection {
  private readonly endpoint: Endpoint
  private readonly patience: number
  private session: ClientHttp2Session | undefined
  private attempting: ClientHttp2Session | undefined
  private readonly waiting = new Set<(session: ClientHttp2Session | undefined) => void>()
  private retry: NodeJS.Timeout | undefined
  private wait = FIRST_WAIT_MS
  private holders = 0
  private isClosed = false
  private failure: unknown
  private checking: NodeJS.Timeout | undefined

  /** @param patience milliseconds after which a peer that says nothing is given up */
  constructor(endpoint: Endpoint, patience: number) {
    this.endpoint = endpoint
    this.patience = patience
  }

  /** Why the last attempt failed, for people. */
  get reason(): string {
    return reasonOf(this.failure)
  }

  /** Whether the last attempt failed by nothing but silence. */
  get isSilent(): boolean {
    return this.failure === undefined
  }

  /** The session, if there is one that takes requests. */
  get current(): ClientHttp2Session | undefined {
    const { session } = this
    return session === undefined || session.closed || session.destroyed ? undefined : session
  }

  /**
   * Resolves to a session that takes requests; to undefined once this is closed or the signal is
   * given.
   */
  async established(signal: AbortSignal): Promise<ClientHttp2Session | undefined> {
    if (this.isClosed || signal.aborted) return undefined
    const session = this.current
    if (session !== undefined) return session
    return new Promise((resolve) => {
      const giveUp = () => done(undefined)
      const done = (session: ClientHttp2Session | undefined) => {
        this.waiting.delete(done)
        signal.removeEventListener('abort', giveUp)
        resolve(session)
      }
      signal.addEventListener('abort', giveUp)
      this.waiting.add(done)
      if (this.attempting === undefined && this.retry === undefined) this.attempt()
    })
  }

  /** Keeps the process alive until as many `release`. */
  hold(): void {
    if (this.holders++ > 0) return
    this.session?.ref()
    this.attempting?.ref()
    this.retry?.ref()
  }

  /** Takes one `hold` back. */
  release(): void {
    if (--this.holders > 0) return
    this.session?.unref()
    this.attempting?.unref()
    this.retry?.unref()
  }

  /** Looks whether the peer still answers; if it does not, the session is given up. */
  check(): void {
    const session = this.current
    if (session === undefined || this.checking !== undefined) return
    this.checking = setTimeout(() => this.abandon(session), this.patience)
    this.checking.unref()
    const done = () => {
      clearTimeout(this.checking)
      this.checking = undefined
    }
    session.once('close', done)
    session.ping(done)
  }

  /** Ends the connection. Streams that have ended in order are still told to the peer. */
  close(): void {
    this.isClosed = true
    clearTimeout(this.retry)
    this.attempting?.destroy()
    const { session } = this
    session?.close()
    // A peer that does not answer any more is not waited for.
    setTimeout(() => session?.destroy(), LONGEST_WAIT_MS).unref()
    this.tell(undefined)
  }

  /** Gives a session up that turned out to be of no use; the next caller gets another. */
  abandon(session: ClientHttp2Session): void {
    if (this.session === session) this.session = undefined
    session.destroy()
  }

  private attempt(): void {
    this.retry = undefined
    // What is reached is decided by the socket, and what the peer is told by each request.
    const session = connectHttp2('http://localhost', {
      createConnection: () => connectSocket({ ...this.endpoint, noDelay: true }),
    })
    this.attempting = session
    if (this.holders === 0) session.unref()
    session.setTimeout(this.patience, () => {
      if (this.attempting !== session) return
      this.failure = undefined
      session.destroy()
    })
    session.once('remoteSettings', () => this.succeed(session))
    session.on('error', (error) => {
      this.failure = error
    })
    session.once('goaway', () => this.drop(session))
    session.once('close', () => {
      this.drop(session)
      if (this.attempting === session) this.fail()
    })
  }

  private succeed(session: ClientHttp2Session): void {
    this.attempting = undefined
    this.failure = undefined
    this.session = session
    this.wait = FIRST_WAIT_MS
    session.setTimeout(0)
    this.tell(session)
  }

  private drop(session: ClientHttp2Session): void {
    if (this.session === session) this.session = undefined
  }

  private fail(): void {
    this.attempting = undefined
    if (this.isClosed || this.waiting.size === 0) return
    this.retry = setTimeout(() => this.attempt(), this.wait * (0.5 + Math.random() / 2))
    if (this.holders === 0) this.retry.unref()
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS)
  }

  private tell(session: ClientHttp2Session | undefined): void {
    for (const resolve of this.waiting) resolve(session)
  }
}

function reasonOf(failure: unknown): string {
  const { code } = (failure ?? {}) as NodeJS.ErrnoException
  switch (code) {
    case undefined:
      return 'nobody answers there'
    case 'ECONNREFUSED':
      return 'nothing listens there'
    case 'ENOENT':
      return 'there is no such socket'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host can not be resolved'
    case 'EACCES':
      return 'this user may not'
    default:
      return `what listens there is no CRUDJT master, or is ending (${code})`
  }
}
