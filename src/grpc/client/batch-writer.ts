/**
 * Writes operations one behind the other into messages that are ready to be sent: with room in front
 * for the frame of gRPC and for the number up to which replies have been taken.
 */
import { ACKNOWLEDGED_TAG, MARK_BYTES, writeMark } from '../wire/batch-messages.js'
import {
  OPERATION_BYTES,
  type OperationArguments,
  writeOperation,
} from '../wire/batch-operation.js'
import { FRAME_BYTES } from './grpc-call.js'

/** What stands in front of the operations. */
const HEAD = FRAME_BYTES + MARK_BYTES
/** How long a message gets at most, but for one with a single large operation. */
const MESSAGE_BYTES = 64 << 10
/** Messages lie behind one another in pieces of memory of this size. */
const PIECE_BYTES = 256 << 10

/** A message that is ready to be sent. */
export interface Batch {
  readonly bytes: Buffer
  /** How many operations are in it, and how many bytes they take. */
  readonly count: number
  readonly size: number
  /** The highest number in it. */
  readonly last: number
}

/** Where a written operation lies. */
export interface WrittenOperation {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Writes messages. What was written stays as it is: memory is never written twice. */
export class BatchWriter {
  private piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
  private start = 0
  private at = HEAD
  private count = 0
  private last = 0

  /** Whether there is a message with operations in it. */
  get isEmpty(): boolean {
    return this.count === 0
  }

  /** Writes an operation; `full` gets the message before it if there was no more room in that. */
  write(number: number, args: OperationArguments, full: (batch: Batch) => void): WrittenOperation {
    const start = this.make((args.length ?? 0) + OPERATION_BYTES, full)
    return this.wrote(number, start, writeOperation(this.piece, start, number, args))
  }

  /** Writes an operation again that was written before. */
  copy(
    number: number,
    { bytes, start, end }: WrittenOperation,
    full: (batch: Batch) => void,
  ): void {
    const at = this.make(end - start, full)
    this.wrote(number, at, at + bytes.copy(this.piece, at, start, end))
  }

  /** Ends the message at hand. */
  seal(): Batch {
    const { piece, count, last } = this
    const bytes = piece.subarray(this.start, this.at)
    this.open(this.at)
    return { bytes, count, size: bytes.length - HEAD, last }
  }

  /** Drops the message at hand. */
  clear(): void {
    if (this.count > 0) this.open(this.at)
  }

  private wrote(number: number, start: number, end: number): WrittenOperation {
    this.at = end
    this.count++
    this.last = number
    return { bytes: this.piece, start, end }
  }

  /** Makes room: the place where the next operation goes. */
  private make(size: number, full: (batch: Batch) => void): number {
    const isLong = this.at - this.start + size > MESSAGE_BYTES
    if (this.count > 0 && (isLong || this.at + size > this.piece.length)) full(this.seal())
    if (this.at + size > this.piece.length) {
      this.piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, HEAD + size))
      this.open(0)
    }
    return this.at
  }

  private open(start: number): void {
    this.start = start
    this.at = start + HEAD
    this.count = 0
  }
}

/** Puts the frame and the number up to which replies have been taken in front of a message. */
export function address(bytes: Buffer, acknowledged: number): Buffer {
  bytes[0] = 0
  bytes.writeUInt32BE(bytes.length - FRAME_BYTES, 1)
  writeMark(bytes, FRAME_BYTES, ACKNOWLEDGED_TAG, acknowledged)
  return bytes
}

/** A message without operations. */
export function emptyMessage(): Buffer {
  return Buffer.allocUnsafe(HEAD)
}
