/**
 * A client's operations from call to reply, across streams.
 *
 * Invariants: numbers ascend, and operations are sent in their order. An operation that was sent and has
 * no reply is retransmitted on the next stream under the same number, but only to the same instance of
 * the master; if that was restarted, the operation fails and is never retransmitted. An operation whose
 * call failed before it was sent is never sent. The number and size of unanswered operations are bounded.
 */
import { type EncodedOperation, Kind, type OperationArguments } from '../wire/batch-operation.js'
import type { InFlight } from '../wire/in-flight.js'
import { type Batch, BatchWriter } from './batch-writer.js'
import { restarted } from './connection-errors.js'
import { NumberRing } from './number-ring.js'

/** The most operations, and bytes of them, that may be unanswered (backpressure). */
const MAX_UNANSWERED = 8192
const MAX_UNANSWERED_BYTES = 2 << 20
/**
 * The most batches in flight that the master has not started on. With two, each side has one to work on;
 * more would only be smaller, at a cost for each.
 */
const MAX_BATCHES = 2

/** Whether an operation changes a token that may have been read. A read that counts is on no shelf. */
const isChange = (kind: number) => kind === Kind.UPDATE || kind === Kind.DELETE

/** An operation and the promise of its call. */
export class PendingOperation {
  /** Whether the promise is settled. */
  isSettled = false

  /** @param deadline when the call fails for lack of a reply, by the monotonic clock */
  constructor(
    readonly number: number,
    readonly kind: number,
    readonly deadline: number,
    readonly encoded: EncodedOperation,
    readonly resolve: (value: never) => void,
    readonly reject: (error: Error) => void,
  ) {}
}

/** All operations of one client. */
export class PendingOperations {
  private readonly writer = new BatchWriter()
  private readonly operations = new NumberRing<PendingOperation>()
  /** The highest number sent on this stream, and to this instance of the master. */
  private sentOnStream = 0
  private sentToMaster = 0
  private unanswered = 0
  private unansweredBytes = 0
  /** The highest number of each batch that was sent and not started. */
  private unstarted: number[] = []
  /** The instance of the master that `sentToMaster` refers to. */
  private master: Buffer | undefined
  /** Whether the master has said goodbye on this stream: it takes nothing more. */
  private hasSaidGoodbye = false
  /** Whether unsent batches hold operations that must not be sent any more. */
  private isStale = false
  private changes = 0

  /**
   * @param address the master's address, for display
   * @param inFlight counts the calls in flight
   */
  constructor(
    readonly address: string,
    private readonly inFlight: InFlight,
  ) {}

  /** The number up to which every operation is answered or abandoned. */
  get acknowledged(): number {
    return this.operations.lowest - 1
  }

  /** Whether no operation is waiting for its reply. */
  get isIdle(): boolean {
    return this.unanswered === 0
  }

  /** Whether no call that changes a token is in flight. */
  get changesNothing(): boolean {
    return this.changes === 0
  }

  /** Adds a call whose data is in the scratch buffer. */
  add<T>(args: OperationArguments, deadline: number): Promise<T> {
    const number = this.operations.next
    const encoded = this.writer.write(number, args)
    this.inFlight.enter()
    if (isChange(args.kind)) this.changes++
    return new Promise<T>((resolve, reject) => {
      this.operations.add(
        new PendingOperation(number, args.kind, deadline, encoded, resolve, reject),
      )
    })
  }

  /** The next batch to send on this stream; undefined if there is none, or none may be sent yet. */
  nextBatch(): Batch | undefined {
    if (this.hasSaidGoodbye || this.unstarted.length >= MAX_BATCHES) return undefined
    if (this.unanswered >= MAX_UNANSWERED || this.unansweredBytes >= MAX_UNANSWERED_BYTES) {
      return undefined
    }
    if (this.isStale) this.rebatch(this.sentOnStream)
    const batch = this.writer.next()
    if (batch === undefined) return undefined
    this.unanswered += batch.count
    this.unansweredBytes += batch.size
    this.sentOnStream = batch.last
    this.unstarted.push(batch.last)
    if (batch.last > this.sentToMaster) this.sentToMaster = batch.last
    return batch
  }

  /** The master has started every operation up to a number. */
  started(number: number): void {
    while ((this.unstarted[0] ?? Number.POSITIVE_INFINITY) <= number) this.unstarted.shift()
  }

  /** The operation that a reply is for; undefined if its call has already failed. */
  answered(number: number): PendingOperation | undefined {
    const operation = this.operations.get(number)
    if (operation === undefined) return undefined
    this.operations.delete(number)
    if (number > this.sentOnStream) {
      // A late reply from an earlier stream: no retransmission on this one.
      this.isStale = true
    } else {
      this.unanswered--
      this.unansweredBytes -= operation.encoded.end - operation.encoded.start
    }
    if (operation.isSettled) return undefined
    this.settle(operation)
    return operation
  }

  /** A stream begins, on which every unanswered operation is sent. */
  beginStream(master: Buffer, resumed: boolean): void {
    const isSame = resumed && this.master?.equals(master) === true
    if (!isSame) this.failSent()
    this.master = master
    this.hasSaidGoodbye = false
    this.rebatch(0)
  }

  /** The master shuts down gracefully, and has started no operation beyond a number. */
  goodbye(number: number): void {
    this.hasSaidGoodbye = true
    if (number < this.sentToMaster) this.sentToMaster = number
  }

  /** Fails what was sent: a master that is gone may or may not have executed it. */
  private failSent(): void {
    for (const operation of this.operations) {
      if (operation.number > this.sentToMaster) break
      this.reject(operation, restarted(this))
    }
  }

  /**
   * Fails the operations whose deadline has passed.
   * @param isStreaming whether replies can still arrive
   * @param errorOf the error of an operation, by whether it was sent
   * @returns the next deadline; undefined if no call is in flight
   */
  expire(
    now: number,
    isStreaming: boolean,
    errorOf: (wasSent: boolean) => Error,
  ): number | undefined {
    for (const operation of this.operations) {
      if (operation.isSettled) continue
      if (operation.deadline > now) return operation.deadline
      const wasSent = operation.number <= this.sentToMaster
      this.reject(operation, errorOf(wasSent))
      // One that is in flight still counts as unanswered, or a stalled master would be flooded.
      if (isStreaming && operation.number <= this.sentOnStream) continue
      this.operations.delete(operation.number)
      this.isStale = true
    }
    return undefined
  }

  /** Fails all operations. */
  fail(error: Error): void {
    for (const operation of this.drain()) this.reject(operation, error)
  }

  /** Removes all operations; the caller settles those returned, and counts them out. */
  drain(): PendingOperation[] {
    const operations = [...this.operations].filter(({ isSettled }) => !isSettled)
    for (const { number } of this.operations) this.operations.delete(number)
    this.changes = 0
    this.rebatch(0)
    return operations
  }

  private reject(operation: PendingOperation, error: Error): void {
    if (operation.isSettled) return
    this.settle(operation)
    operation.reject(error)
  }

  private settle(operation: PendingOperation): void {
    operation.isSettled = true
    this.inFlight.leave()
    if (isChange(operation.kind) && this.changes > 0) this.changes--
  }

  /** Rebuilds the unsent batches from the operations beyond a number. */
  private rebatch(sent: number): void {
    this.isStale = false
    this.writer.clear()
    for (const operation of this.operations) {
      if (operation.number <= sent) continue
      if (operation.isSettled) this.operations.delete(operation.number)
      else this.writer.copy(operation.number, operation.encoded)
    }
    if (sent > 0) return
    this.sentOnStream = 0
    this.unanswered = 0
    this.unansweredBytes = 0
    this.unstarted = []
  }
}
