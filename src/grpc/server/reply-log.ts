/**
 * What a master remembers of one client, so that each of its operations is carried out exactly once:
 * the highest number it was given, the operations under way, and the replies that the client has not
 * said to have.
 *
 * Invariants: a number is carried out only if it is higher than all before it; numbers of one client
 * arrive in ascending order, so a number that is not higher was carried out, is under way, or is
 * forgotten, and is never carried out again. The kept replies stay within a budget: the oldest are
 * forgotten first.
 */

import { REPLIES, ReplyReader, ReplyWriter } from '../wire/batch-reply.js'
import { DELIMITED, ProtobufReader, tagOf } from '../wire/protobuf.js'

/** The most bytes of replies that are kept for one client. */
export const KEPT_BYTES = 4 << 20
/** What a kept message takes beside its bytes, about. */
const MESSAGE_COST = 200

/** A message of replies that was written and not yet acknowledged. */
interface KeptMessage {
  readonly bytes: Buffer
  /** The highest number in it. */
  readonly last: number
}

/** The stream that a client has now. */
export interface ReplySink {
  /** Sends a message of replies. */
  deliver(message: Buffer): void
  /** An operation is no longer under way. */
  relieve(): void
}

/** What has become of an operation that comes again. */
export type KnownOutcome = 'new' | 'under way' | 'forgotten' | Buffer

/**
 * Counts what came again in this process: the operations, by what became of them, and the streams on
 * which any did. Each such stream followed a connection that was lost after an operation was carried
 * out and before its reply had arrived: proofs need that to have happened.
 */
export const replays = { answered: 0, attached: 0, forgotten: 0, streams: 0 }

/** One client's operations. */
export class ReplyLog {
  /** The client's id. */
  readonly client: string
  /** The highest number that was carried out or begun. */
  highest = 0
  /** Takes the replies until they are kept and sent. */
  readonly writer = new ReplyWriter()
  /** Where replies go; while there is none, they are only kept. */
  delivery: ReplySink | undefined
  private readonly tellSize: (change: number) => void
  private readonly kept: KeptMessage[] = []
  private bytes = 0
  private readonly underWay = new Set<number>()
  /** Kept replies by number; made when one is asked for, and only good until the next stream. */
  private index: Map<number, Buffer> | undefined
  private isFlushing = false
  private hasReplayed = false

  /** @param tellSize is told by how much the kept bytes have changed */
  constructor(client: string, tellSize: (change: number) => void) {
    this.client = client
    this.tellSize = tellSize
  }

  /** How many operations are under way. */
  get pending(): number {
    return this.underWay.size
  }

  /** Decides what to do with a number; one that is new is carried out by the caller, at once. */
  take(number: number): KnownOutcome {
    if (number > this.highest) {
      this.highest = number
      return 'new'
    }
    if (!this.hasReplayed) replays.streams++
    this.hasReplayed = true
    if (this.underWay.has(number)) {
      replays.attached++
      return 'under way'
    }
    const reply = this.replyTo(number)
    if (reply === undefined) replays.forgotten++
    else replays.answered++
    return reply ?? 'forgotten'
  }

  /** An operation will be answered later: until it is finished, it is under way. */
  begin(number: number): void {
    this.underWay.add(number)
  }

  /** Its reply has been written: it leaves with others that are written in this turn. */
  finish(number: number): void {
    this.underWay.delete(number)
    if (this.isFlushing) return
    this.isFlushing = true
    setImmediate(() => {
      this.isFlushing = false
      this.flush()
      this.delivery?.relieve()
    })
  }

  /** Sends the written replies, if any, in one message, which is kept. */
  flush(): void {
    if (this.writer.count > 0) this.tell()
  }

  /** The same; without replies the message only tells how far things are. */
  tell(): void {
    const { last, count } = this.writer
    const message = this.writer.take(this.highest)
    if (count > 0) this.keep({ bytes: message, last })
    this.delivery?.deliver(message)
  }

  private keep(message: KeptMessage): void {
    this.kept.push(message)
    if (this.index !== undefined) addReplies(this.index, message.bytes)
    this.grow(message.bytes.length + MESSAGE_COST)
    while (this.bytes > KEPT_BYTES) this.dropOldest()
  }

  /** Forgets what the client says to have. */
  acknowledge(number: number): void {
    while ((this.kept[0]?.last ?? Number.POSITIVE_INFINITY) <= number) this.dropOldest()
  }

  /** A stream of the client begins. */
  begins(delivery: ReplySink): void {
    this.index = undefined
    this.hasReplayed = false
    this.delivery = delivery
  }

  /** Forgets the oldest kept message; false if there is none. */
  dropOldest(): boolean {
    const message = this.kept.shift()
    if (message === undefined) return false
    this.index = undefined
    this.grow(-message.bytes.length - MESSAGE_COST)
    return true
  }

  private replyTo(number: number): Buffer | undefined {
    this.index ??= this.newIndex()
    const reply = this.index.get(number)
    if (reply !== undefined) return reply
    // It may have been written in this turn, and not have left yet.
    this.flush()
    return this.index.get(number)
  }

  private newIndex(): Map<number, Buffer> {
    const index = new Map<number, Buffer>()
    for (const { bytes } of this.kept) addReplies(index, bytes)
    return index
  }

  private grow(change: number): void {
    this.bytes += change
    this.tellSize(change)
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
