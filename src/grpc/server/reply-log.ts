/**
 * The deduplication state of one client, so that each of its operations runs exactly once: the highest
 * number seen, the pending operations, and the replies that the client has not acknowledged.
 *
 * Invariants: a number runs only if it is higher than all before it. A client's numbers arrive in
 * ascending order, so any other number has run or is pending, and never runs again. Retained replies
 * stay within a budget; the oldest are evicted first.
 */

import { setImmediate } from '../../timers.js'
import { REPLIES, ReplyReader, ReplyWriter } from '../wire/batch-reply.js'
import { DELIMITED, ProtobufReader, tagOf } from '../wire/protobuf.js'

/** The most bytes of replies that are retained for one client. */
export const MAX_RETAINED_BYTES = 4 << 20
/** The approximate memory overhead of a retained message. */
const MESSAGE_OVERHEAD = 200

/** A message of replies that has not been acknowledged. */
interface RetainedMessage {
  readonly bytes: Buffer
  /** The highest number in it. */
  readonly last: number
}

/** The current stream of a client. */
export interface ReplySink {
  /** Sends a message of replies. */
  deliver(message: Buffer): void
  /** Pending operations have completed: reading may resume. */
  drained(): void
}

/** The known outcome of an operation; a retained reply if it is a retransmission that has one. */
export type KnownOutcome = 'new' | 'pending' | 'evicted' | Buffer

/**
 * Counts retransmissions in this process: the operations by outcome, and the streams with at least one.
 * Each such stream followed a connection that was lost between an operation and its reply; tests assert
 * that this has happened.
 */
export const retransmissions = { answered: 0, pending: 0, evicted: 0, streams: 0 }

/** The reply log of one client. */
export class ReplyLog {
  /** The highest number that was started. */
  highest = 0
  /** Collects replies until they are sent. */
  readonly writer = new ReplyWriter()
  /** Where replies are sent; without one they are only retained. */
  sink: ReplySink | undefined
  private readonly retained: RetainedMessage[] = []
  private bytes = 0
  private readonly pendingNumbers = new Set<number>()
  /** Retained replies by number: built for the first retransmission on a stream. */
  private index: Map<number, Buffer> | undefined
  private isFlushing = false
  private hasRetransmissions = false

  /**
   * @param client the client's id
   * @param onResize called with each change of the retained bytes
   */
  constructor(
    readonly client: string,
    private readonly onResize: (change: number) => void,
  ) {}

  /** The number of pending operations. */
  get pending(): number {
    return this.pendingNumbers.size
  }

  /** Classifies a number; the caller runs a new one immediately. */
  admit(number: number): KnownOutcome {
    if (number > this.highest) {
      this.highest = number
      return 'new'
    }
    if (!this.hasRetransmissions) retransmissions.streams++
    this.hasRetransmissions = true
    if (this.pendingNumbers.has(number)) {
      retransmissions.pending++
      return 'pending'
    }
    const reply = this.replyTo(number)
    if (reply === undefined) retransmissions.evicted++
    else retransmissions.answered++
    return reply ?? 'evicted'
  }

  /** An operation becomes pending, until `finish`. */
  begin(number: number): void {
    this.pendingNumbers.add(number)
  }

  /** A pending operation has its reply, which is sent with the others of this turn. */
  finish(number: number): void {
    this.pendingNumbers.delete(number)
    if (this.isFlushing) return
    this.isFlushing = true
    setImmediate(() => {
      this.isFlushing = false
      this.flush()
      this.sink?.drained()
    })
  }

  /** Sends the collected replies, if any, in one message, and retains it. */
  flush(): void {
    if (this.writer.count > 0) this.send()
  }

  /** The same, even without replies: then the message only reports the highest number. */
  send(): void {
    const { last, count } = this.writer
    const message = this.writer.finish(this.highest)
    if (count > 0) this.retain({ bytes: message, last })
    this.sink?.deliver(message)
  }

  private retain(message: RetainedMessage): void {
    this.retained.push(message)
    if (this.index !== undefined) addReplies(this.index, message.bytes)
    this.resize(message.bytes.length + MESSAGE_OVERHEAD)
    while (this.bytes > MAX_RETAINED_BYTES) this.evictOldest()
  }

  /** The client has received all replies up to a number. */
  acknowledge(number: number): void {
    while ((this.retained[0]?.last ?? Number.POSITIVE_INFINITY) <= number) this.evictOldest()
  }

  /** A stream of the client begins. */
  attach(sink: ReplySink): void {
    this.index = undefined
    this.hasRetransmissions = false
    this.sink = sink
  }

  /** Evicts the oldest retained message; false if there is none. */
  evictOldest(): boolean {
    const message = this.retained.shift()
    if (message === undefined) return false
    this.index = undefined
    this.resize(-message.bytes.length - MESSAGE_OVERHEAD)
    return true
  }

  private replyTo(number: number): Buffer | undefined {
    this.index ??= this.newIndex()
    const reply = this.index.get(number)
    if (reply !== undefined) return reply
    // It may have been written in this turn and not be sent yet.
    this.flush()
    return this.index.get(number)
  }

  private newIndex(): Map<number, Buffer> {
    const index = new Map<number, Buffer>()
    for (const { bytes } of this.retained) addReplies(index, bytes)
    return index
  }

  private resize(change: number): void {
    this.bytes += change
    this.onResize(change)
  }
}

function addReplies(index: Map<number, Buffer>, message: Buffer): void {
  const reader = new ProtobufReader(message)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== tagOf(REPLIES, DELIMITED)) reader.skip(tag)
    else {
      const reply = reader.slice()
      index.set(numberOf(reply), reply)
    }
  }
}

function numberOf(reply: Buffer): number {
  const reader = new ReplyReader()
  reader.read(new ProtobufReader(reply))
  return reader.number
}
