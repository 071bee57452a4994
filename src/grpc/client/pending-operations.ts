/**
 * A client's operations from their call to their reply, over all streams.
 *
 * Invariants: numbers count up and are sent in their order; what was sent on one stream and not
 * answered is sent again on the next one with the same number, to the same start of the same master
 * only; what was sent to a start of a master that is over fails, and is never sent again; what a caller
 * was told has failed before it was sent is never sent. How much is sent and not answered is bounded.
 */
import { CRUDJTError } from '../../errors.js'
import type { OperationArguments } from '../wire/batch-operation.js'
import type { InFlight } from '../wire/in-flight.js'
import { type Batch, BatchWriter, type WrittenOperation } from './batch-writer.js'
import { NumberRing } from './number-ring.js'

/** How many operations, and bytes of them, are sent before a reply has to come. */
const MOST_SENT = 8192
const MOST_SENT_BYTES = 2 << 20
/**
 * How many messages are sent that the master has not begun to work on. With two, either side has one to
 * work on; with more, they only get smaller, and each has its cost.
 */
const MOST_MESSAGES = 2

/** An operation and who waits for it. */
export class PendingOperation {
  readonly number: number
  readonly kind: number
  /** When its caller is told that it took too long, by `performance.now`. */
  readonly deadline: number
  readonly written: WrittenOperation
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
  /** Whether its caller has been told how it ended. */
  isSettled = false

  constructor(
    number: number,
    kind: number,
    deadline: number,
    written: WrittenOperation,
    resolve: (answer: never) => void,
    reject: (error: Error) => void,
  ) {
    this.number = number
    this.kind = kind
    this.deadline = deadline
    this.written = written
    this.resolve = resolve
    this.reject = reject
  }
}

/** All operations of one client. */
export class PendingOperations {
  private readonly address: string
  private readonly inFlight: InFlight
  private readonly writer = new BatchWriter()
  private readonly operations = new NumberRing<PendingOperation>()
  private batches: Batch[] = []
  /** The highest number sent on this stream, and to this start of the master. */
  private sentOnStream = 0
  private sentEver = 0
  private sentCount = 0
  private sentBytes = 0
  /** The highest number in each message that was sent and not begun. */
  private under: number[] = []
  /** The start of the master that `sentEver` is about. */
  private master: Buffer | undefined
  private isStale = false

  /**
   * @param address the master's, for people
   * @param inFlight counts the callers that wait
   */
  constructor(address: string, inFlight: InFlight) {
    this.address = address
    this.inFlight = inFlight
  }

  /** The number up to which everything is answered or given up. */
  get acknowledged(): number {
    return this.operations.lowest - 1
  }

  /** Whether nothing is on its way that a reply is to come for. */
  get isQuiet(): boolean {
    return this.sentCount === 0
  }

  /** Takes a call whose data lies in the scratch buffer. */
  add<T>(args: OperationArguments, deadline: number): Promise<T> {
    const number = this.operations.next
    const written = this.writer.write(number, args, this.queue)
    this.inFlight.enter()
    return new Promise<T>((resolve, reject) => {
      this.operations.add(
        new PendingOperation(number, args.kind, deadline, written, resolve, reject),
      )
    })
  }

  /** The next message to send on this stream; undefined: none, or none as long as nothing is answered. */
  take(): Batch | undefined {
    if (this.under.length >= MOST_MESSAGES) return undefined
    if (this.sentCount >= MOST_SENT || this.sentBytes >= MOST_SENT_BYTES) return undefined
    if (this.isStale) this.rewrite(this.sentOnStream)
    if (!this.writer.isEmpty) this.batches.push(this.writer.seal())
    const batch = this.batches.shift()
    if (batch === undefined) return undefined
    this.sentCount += batch.count
    this.sentBytes += batch.size
    this.sentOnStream = batch.last
    this.under.push(batch.last)
    if (batch.last > this.sentEver) this.sentEver = batch.last
    return batch
  }

  /** The master has begun everything up to a number. */
  begun(number: number): void {
    while (this.under.length > 0 && (this.under[0] as number) <= number) this.under.shift()
  }

  /** The operation that a reply is for; undefined if nobody waits for it. */
  answered(number: number): PendingOperation | undefined {
    const operation = this.operations.get(number)
    if (operation === undefined) return undefined
    this.operations.delete(number)
    if (number > this.sentOnStream) {
      // Its reply was on the way from an earlier stream: it need not be sent again on this one.
      this.isStale = true
    } else {
      this.sentCount--
      this.sentBytes -= operation.written.end - operation.written.start
    }
    if (operation.isSettled) return undefined
    operation.isSettled = true
    this.inFlight.leave()
    return operation
  }

  /** A stream begins: what is to be sent on it is everything unanswered. */
  begin(master: Buffer, resumed: boolean): void {
    const isSame = resumed && this.master?.equals(master) === true
    if (!isSame) this.failSent()
    this.master = master
    this.rewrite(0)
  }

  /** The master has ended in order, and has begun nothing beyond a number. */
  goodbye(taken: number): void {
    if (taken < this.sentEver) this.sentEver = taken
  }

  /** What was sent may or may not have been carried out by a master that is gone. */
  private failSent(): void {
    const message = `The master at ${this.address} was restarted: whether the call was carried out is not known`
    for (const operation of this.operations) {
      if (operation.number > this.sentEver) break
      this.settle(operation, new CRUDJTError('ERR_CRUDJT_OUTCOME_UNKNOWN', message))
    }
  }

  /**
   * Fails what has taken too long.
   * @param errorOf says how, knowing whether it was sent
   * @param isStreaming whether replies can still come
   * @returns when the next one will have; undefined if nobody waits
   */
  expire(
    now: number,
    isStreaming: boolean,
    errorOf: (wasSent: boolean) => Error,
  ): number | undefined {
    for (const operation of this.operations) {
      if (operation.isSettled) continue
      if (operation.deadline > now) return operation.deadline
      const wasSent = operation.number <= this.sentEver
      this.settle(operation, errorOf(wasSent))
      // One on its way keeps its place until the reply comes, or a stalled master would be flooded.
      if (isStreaming && operation.number <= this.sentOnStream) continue
      this.operations.delete(operation.number)
      this.isStale = true
    }
    return undefined
  }

  /** Fails everything. */
  fail(error: Error): void {
    for (const operation of this.drain()) this.settle(operation, error)
  }

  /** Takes everything out that somebody waits for; the caller settles it, and counts it out. */
  drain(): PendingOperation[] {
    const operations = [...this.operations].filter(({ isSettled }) => !isSettled)
    for (const { number } of this.operations) this.operations.delete(number)
    this.rewrite(0)
    return operations
  }

  private settle(operation: PendingOperation, error: Error): void {
    if (operation.isSettled) return
    operation.isSettled = true
    operation.reject(error)
    this.inFlight.leave()
  }

  /** Writes the messages anew that hold what lies beyond a number. */
  private rewrite(sent: number): void {
    this.isStale = false
    this.batches = []
    this.writer.clear()
    for (const operation of this.operations) {
      if (operation.number <= sent) continue
      if (operation.isSettled) this.operations.delete(operation.number)
      else this.writer.copy(operation.number, operation.written, this.queue)
    }
    if (sent > 0) return
    this.sentOnStream = 0
    this.sentCount = 0
    this.sentBytes = 0
    this.under = []
  }

  private readonly queue = (batch: Batch): void => {
    this.batches.push(batch)
  }
}
