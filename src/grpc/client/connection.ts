/**
 * A client's connection to its master: one HTTP/2 session, established on demand and re-established
 * when it is lost.
 *
 * It is built on `node:http2` because gRPC libraries lack two things: an open stream must not keep the
 * process alive, and a call on a lost connection must know whether it was sent.
 *
 * Invariants: a session is handed out only after its peer has sent its HTTP/2 settings; attempts are
 * made only while a caller waits; only calls in flight keep the process alive.
 */
import { EventEmitter } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { clearTimeout, setTimeout } from '../../timers.js'
import type { Endpoint } from '../wire/address.js'

/** The shortest and the longest backoff between two attempts, in milliseconds. */
const MIN_BACKOFF_MS = 20
const MAX_BACKOFF_MS = 500
/** How long `close` waits for the peer, in milliseconds. */
const CLOSE_TIMEOUT_MS = 500

/** Why an attempt failed, by its error code. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOENT: 'the socket does not exist',
  ENOTFOUND: 'the host name cannot be resolved',
  EAI_AGAIN: 'the host name cannot be resolved',
  EACCES: 'permission denied',
}

/** What is tried before each attempt, if nothing is. */
export async function noDetour(): Promise<void> {}

/** A client's master, and how to call it. */
export interface MasterAddress {
  /** The master's address, for display. */
  readonly address: string
  /** The deadline of a call in milliseconds. */
  readonly timeout: number
  readonly accessKey: string | undefined
  /** Whether a call fails with the first attempt to connect that does, instead of at its deadline. */
  readonly failFast: boolean
}

/** A client's connection to its master, and how to use it. */
export interface Link extends MasterAddress {
  readonly connection: Connection
}

/** A connection in any state. */
export class Connection {
  /** What is tried before each attempt, which is not made if nobody waits for it any more. */
  detour: () => Promise<void> = noDetour
  private session: ClientHttp2Session | undefined
  private attempting: ClientHttp2Session | undefined
  private isDetouring = false
  /** Emits each session as `next`, and undefined at the end. */
  private readonly sessions = new EventEmitter().setMaxListeners(0)
  private retry: NodeJS.Timeout | undefined
  private backoff = MIN_BACKOFF_MS
  private refs = 0
  private isClosed = false
  private failure: unknown
  /** The session whose keep-alive ping is unanswered. */
  private checking: ClientHttp2Session | undefined

  /**
   * @param timeout milliseconds after which an unresponsive peer is abandoned
   * @param failFast whether those who wait for a session are told of the first attempt that fails
   */
  constructor(
    private readonly endpoint: Endpoint,
    private readonly timeout: number,
    private readonly failFast: boolean,
  ) {}

  /** Why the last attempt failed, for display. */
  get reason(): string {
    const { code } = (this.failure ?? {}) as NodeJS.ErrnoException
    if (code === undefined) return 'no response from there'
    return REASONS[code] ?? `the server there is not a CRUDJT master, or is shutting down (${code})`
  }

  /** Whether the last attempt failed without an error: the peer did not respond. */
  get isSilent(): boolean {
    return this.failure === undefined
  }

  /** The session, if there is one that accepts requests. */
  get current(): ClientHttp2Session | undefined {
    const { session } = this
    return session === undefined || session.closed || session.destroyed ? undefined : session
  }

  /**
   * Resolves to a session that accepts requests; to undefined when this is closed or aborted, or with
   * `failFast` when there is none.
   */
  async established(signal: AbortSignal): Promise<ClientHttp2Session | undefined> {
    if (this.isClosed || signal.aborted) return undefined
    if (this.current !== undefined) return this.current
    const next = this.nextSession(signal)
    if (!this.isAttempting) void this.attempt()
    return next
  }

  /** Not by `once` with a signal: its AbortError cannot be made where prototypes are frozen. */
  private nextSession(signal: AbortSignal): Promise<ClientHttp2Session | undefined> {
    return new Promise((resolve) => {
      const settle = (session?: ClientHttp2Session) => {
        this.sessions.off('next', settle)
        signal.removeEventListener('abort', abort)
        resolve(session)
      }
      const abort = () => settle()
      this.sessions.once('next', settle)
      signal.addEventListener('abort', abort)
    })
  }

  private get isAttempting(): boolean {
    return this.isDetouring || this.attempting !== undefined || this.retry !== undefined
  }

  /** Whether nobody waits for a session. */
  private get isUnwanted(): boolean {
    return this.isClosed || this.sessions.listenerCount('next') === 0
  }

  /** Keeps the process alive until `unref` has been called as often. */
  ref(): void {
    if (this.refs++ > 0) return
    this.session?.ref()
    this.attempting?.ref()
    this.retry?.ref()
  }

  /** Reverts one `ref`. */
  unref(): void {
    if (--this.refs > 0) return
    this.session?.unref()
    this.attempting?.unref()
    this.retry?.unref()
  }

  /** Sends a keep-alive ping; a session whose peer does not respond is abandoned. */
  check(): void {
    const session = this.current
    if (session === undefined || this.checking === session) return
    this.checking = session
    const timer = setTimeout(() => this.abandon(session), this.timeout).unref()
    const done = () => {
      clearTimeout(timer)
      session.off('close', done)
      if (this.checking === session) this.checking = undefined
    }
    session.once('close', done)
    session.ping(done)
  }

  /** Closes the connection gracefully: the ends of streams still reach the peer. */
  close(): void {
    this.isClosed = true
    clearTimeout(this.retry)
    this.attempting?.destroy()
    const { session } = this
    session?.close()
    // Do not wait for a peer that no longer responds.
    setTimeout(() => session?.destroy(), CLOSE_TIMEOUT_MS).unref()
    this.sessions.emit('next', undefined)
  }

  /** Abandons a session that is unusable; the next caller gets another one. */
  abandon(session: ClientHttp2Session): void {
    if (this.session === session) this.session = undefined
    session.destroy()
  }

  private async attempt(): Promise<void> {
    this.retry = undefined
    this.isDetouring = true
    await this.detour()
    this.isDetouring = false
    if (!this.isUnwanted) this.connect()
  }

  private connect(): void {
    // The socket determines the destination, and each request sets its own authority.
    const session = connectHttp2('http://localhost', {
      createConnection: () => connectSocket({ ...this.endpoint, noDelay: true }),
    })
    this.attempting = session
    if (this.refs === 0) session.unref()
    session.setTimeout(this.timeout, () => {
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
    this.backoff = MIN_BACKOFF_MS
    session.setTimeout(0)
    this.sessions.emit('next', session)
  }

  private drop(session: ClientHttp2Session): void {
    if (this.session === session) this.session = undefined
  }

  private fail(): void {
    this.attempting = undefined
    if (this.failFast) this.sessions.emit('next', undefined)
    if (this.isUnwanted) return
    this.retry = setTimeout(() => void this.attempt(), this.backoff * (0.5 + Math.random() / 2))
    if (this.refs === 0) this.retry.unref()
    this.backoff = Math.min(this.backoff * 2, MAX_BACKOFF_MS)
  }
}
