/** Limits the open streams of a connection: each makes grpc-js buffer up to 16 messages. */
import type { ServerDuplexStream } from '@grpc/grpc-js'
import { CRUDJTError } from '../../errors.js'

/** A client has one stream of a kind, and briefly two. */
const MAX_STREAMS = 4

/** The open streams of one kind, by connection. */
export class StreamLimit {
  private readonly counts = new Map<string, number>()

  /** @param kind for display */
  constructor(private readonly kind: string) {}

  /** Counts a stream until it closes. @throws CRUDJTError `ERR_CRUDJT_UNAVAILABLE` if it is one too many */
  add(stream: ServerDuplexStream<unknown, unknown>): void {
    const peer = stream.getPeer()
    // A Unix socket does not identify its peer, which can only be a process of the same user.
    if (peer === 'unknown') return
    const count = (this.counts.get(peer) ?? 0) + 1
    if (count > MAX_STREAMS) {
      const message = `A connection can have at most ${MAX_STREAMS} ${this.kind} streams`
      throw new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
    }
    this.counts.set(peer, count)
    stream.once('close', () => this.remove(peer))
  }

  private remove(peer: string): void {
    const left = (this.counts.get(peer) ?? 1) - 1
    if (left === 0) this.counts.delete(peer)
    else this.counts.set(peer, left)
  }
}
