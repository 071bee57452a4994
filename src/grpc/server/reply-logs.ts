/**
 * The reply logs of all clients of a master. The log of a connected client is kept; that of a
 * disconnected one is kept for a limited time, within limits of their number and of their total size.
 */
import { now } from '../../timers.js'
import { ReplyLog, type ReplySink } from './reply-log.js'

/** How long the log of a disconnected client is kept, in milliseconds. */
export const RETENTION_MS = 60_000
/** The most logs of disconnected clients. */
export const MAX_DETACHED = 1000
/** The most bytes of replies that are retained for all clients together. */
export const MAX_TOTAL_BYTES = 64 << 20

/** A stream of a client; a newer stream of the same client fences it. */
export interface StreamHandle extends ReplySink {
  /** A newer stream has replaced this one. */
  fence(): void
}

/** The log of a client that has connected. */
export interface Attached {
  readonly log: ReplyLog
  /** Whether the log is that of an earlier stream. */
  readonly resumed: boolean
}

/** All reply logs of a master. */
export class ReplyLogs {
  private readonly attached = new Map<string, { log: ReplyLog; stream: StreamHandle }>()
  /** Logs without a stream, with the time at which they lost it, in that order. */
  private readonly detached = new Map<string, { log: ReplyLog; since: number }>()
  private bytes = 0

  /** @param clock a monotonic clock in milliseconds */
  constructor(private readonly clock: () => number = now) {}

  /** The bytes retained for all clients. */
  get retainedBytes(): number {
    return this.bytes
  }

  /** A client has connected: attaches its log, or a new one, and fences its earlier stream. */
  attach(client: string, stream: StreamHandle): Attached {
    this.evictExpired()
    const previous = this.attached.get(client)
    previous?.stream.fence()
    const known = previous?.log ?? this.detached.get(client)?.log
    const log = known ?? new ReplyLog(client, this.resize)
    this.detached.delete(client)
    this.attached.set(client, { log, stream })
    log.attach(stream)
    return { log, resumed: known !== undefined }
  }

  /** A stream is lost: unless a newer one has replaced it, the log waits for the client's return. */
  detach(log: ReplyLog, stream: StreamHandle): void {
    if (!this.remove(log, stream)) return
    log.sink = undefined
    this.detached.set(log.client, { log, since: this.clock() })
    this.evictExpired()
  }

  /** A client has closed: discards its log. */
  release(log: ReplyLog, stream: StreamHandle): void {
    if (this.remove(log, stream)) clear(log)
  }

  private remove({ client }: ReplyLog, stream: StreamHandle): boolean {
    return this.attached.get(client)?.stream === stream && this.attached.delete(client)
  }

  private readonly resize = (change: number): void => {
    this.bytes += change
    while (this.bytes > MAX_TOTAL_BYTES && this.evictOne()) {}
  }

  /** Evicts the log of a disconnected client or, if there is none, a message of a connected one. */
  private evictOne(): boolean {
    if (this.evictDetached()) return true
    for (const { log } of this.attached.values()) if (log.evictOldest()) return true
    return false
  }

  private evictDetached(): boolean {
    for (const [client, { log }] of this.detached) {
      this.detached.delete(client)
      clear(log)
      return true
    }
    return false
  }

  private evictExpired(): void {
    const expiry = this.clock() - RETENTION_MS
    for (const { since } of this.detached.values()) {
      if (since > expiry && this.detached.size <= MAX_DETACHED) return
      this.evictDetached()
    }
  }
}

function clear(log: ReplyLog): void {
  while (log.evictOldest()) {}
}
