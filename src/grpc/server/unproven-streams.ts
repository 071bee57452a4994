/**
 * The batch streams whose clients have not proved the access key.
 *
 * Invariants: there are few of them in the whole master, for grpc-js may keep a megabyte of an unfinished
 * message of each, and none lasts longer than a proof may take. One too many ends the oldest: a client
 * needs one round trip, so strangers that open streams and say nothing keep nobody out.
 */
import { PROOF_TIME_MS } from '../../engine/native.js'
import { CRUDJTError } from '../../errors.js'
import { clearTimeout, setTimeout } from '../../timers.js'

/** The most unproven streams of a master. */
const MAX_UNPROVEN = 128

/** A stream whose client has to prove the access key. */
export interface UnprovenStream {
  /** Ends it because another one takes its place. */
  giveWay(error: Error): void
  /** Ends it because its time is over. */
  refuse(): void
}

/** The unproven streams of one master. */
export class UnprovenStreams {
  /** The oldest first. */
  private readonly timers = new Map<UnprovenStream, NodeJS.Timeout>()

  /** Adds a stream, until it is removed. */
  add(stream: UnprovenStream): void {
    this.timers.set(stream, setTimeout(() => stream.refuse(), PROOF_TIME_MS).unref())
    const [oldest] = this.timers.keys()
    if (this.timers.size > MAX_UNPROVEN) oldest?.giveWay(tooMany())
  }

  /** Removes a stream that is proven or has ended, if it is there. */
  remove(stream: UnprovenStream): void {
    clearTimeout(this.timers.get(stream))
    this.timers.delete(stream)
  }
}

function tooMany(): CRUDJTError {
  const message = 'Too many clients connect at a time: try again later'
  return new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
}
