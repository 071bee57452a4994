/**
 * Opens streams to a master: on its local socket where there is one, else by gRPC.
 *
 * The socket is tried before each attempt to reach the port, and once more when the port has answered: a
 * master has its socket before it serves its port, so a client that comes while it starts does not stay
 * on gRPC. A socket whose stream ended before a Welcome is left out once, so that the port can say why.
 */
import type { ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { type LocalSocket, LocalStream } from '../../local/local-stream.js'
import { type Link, noDetour } from './connection.js'
import { GrpcMessageStream, type MessageListener, type MessageStream } from './message-stream.js'

/** Opens streams, one at a time. */
export class StreamOpener {
  private wasRefused = false

  constructor(
    private readonly link: Link,
    private readonly local: LocalSocket,
  ) {}

  /** The last stream has ended before a Welcome. */
  refused({ transport }: MessageStream): void {
    this.wasRefused = transport === 'local'
  }

  /**
   * Opens a stream, however often that takes.
   * @returns undefined if it was aborted, or the client was closed
   */
  async open(listener: MessageListener, signal: AbortSignal): Promise<MessageStream | undefined> {
    for (;;) {
      const { socket, session } = await this.reach(signal)
      if (socket !== undefined) return new LocalStream(socket, listener)
      if (session === undefined) return undefined
      try {
        return new GrpcMessageStream(this.link, session, listener)
      } catch {
        this.link.connection.abandon(session)
      }
    }
  }

  private async reach(signal: AbortSignal): Promise<Reached> {
    const { connection } = this.link
    const attempt = new LocalAttempt(this.local, this.wasRefused)
    this.wasRefused = false
    connection.detour = () => attempt.next()
    const either = AbortSignal.any([signal, attempt.signal])
    const session = await connection.established(either)
    if (session !== undefined) await attempt.last()
    connection.detour = noDetour
    const socket = attempt.end(signal.aborted)
    // Nobody needs the other connection.
    if (socket !== undefined && session !== undefined) connection.abandon(session)
    return { socket, session }
  }
}

/** What was reached; neither if the wait was aborted. */
interface Reached {
  readonly socket: Socket | undefined
  readonly session: ClientHttp2Session | undefined
}

/** Attempts to reach the local socket while the port is waited for. */
class LocalAttempt {
  private readonly reached = new AbortController()
  private socket: Socket | undefined
  private hasEnded = false
  private attempts = 0

  /** @param isFirstLeftOut whether the first attempt is left out */
  constructor(
    private readonly local: LocalSocket,
    private readonly isFirstLeftOut: boolean,
  ) {}

  /** Aborted when the socket is reached. */
  get signal(): AbortSignal {
    return this.reached.signal
  }

  /** Before an attempt to reach the port. */
  async next(): Promise<void> {
    this.attempts++
    await this.last()
  }

  /** After the port was reached. */
  async last(): Promise<void> {
    if (!this.isFirstLeftOut || this.attempts > 1) await this.connect()
  }

  /** The socket, if it was reached; none reached from now on, or if the client gave up, stays open. */
  end(isGivenUp: boolean): Socket | undefined {
    this.hasEnded = true
    if (!isGivenUp) return this.socket
    this.socket?.destroy()
    return undefined
  }

  private async connect(): Promise<void> {
    this.socket ??= await this.local.connect()
    if (this.hasEnded) this.socket?.destroy()
    else if (this.socket !== undefined) this.reached.abort()
  }
}
