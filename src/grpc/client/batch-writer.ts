/**
 * Encodes operations one after another into messages that are ready to be sent. Each begins with space
 * for the transport's header and for the field `acknowledged`, which are filled in when it is sent.
 */
import { ACKNOWLEDGED } from '../wire/batch-messages.js'
import {
  type EncodedOperation,
  OPERATION_BYTES,
  type OperationArguments,
  writeOperation,
} from '../wire/batch-operation.js'
import { FIXED64_FIELD_BYTES, writeFixed64 } from '../wire/protobuf.js'
import { FRAME_HEADER_BYTES } from './grpc-frame.js'

/** Where a message begins: before it is space for the header of any transport. */
export const MESSAGE_START = FRAME_HEADER_BYTES
/** What precedes the operations. */
const HEADER_BYTES = MESSAGE_START + FIXED64_FIELD_BYTES
/** The most bytes of a frame, except for one that holds a single large operation. */
const MAX_FRAME_BYTES = 64 << 10
/** The size of the memory chunks in which frames lie one after another. */
const CHUNK_BYTES = 256 << 10

/** A frame of operations. */
export interface Batch {
  readonly bytes: Buffer
  /** How many operations it holds, and their size. */
  readonly count: number
  readonly size: number
  /** The highest number in it. */
  readonly last: number
}

/** Encodes frames. Memory is written once, so encoded operations stay valid for retransmission. */
export class BatchWriter {
  /** The frames that are full. */
  private batches: Batch[] = []
  private chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  private start = 0
  private at = HEADER_BYTES
  private count = 0
  private last = 0

  /** Encodes an operation. */
  write(number: number, args: OperationArguments): EncodedOperation {
    const start = this.reserve((args.length ?? 0) + OPERATION_BYTES)
    return this.append(number, start, writeOperation(this.chunk, start, number, args))
  }

  /** Copies an operation that was encoded before. */
  copy(number: number, { bytes, start, end }: EncodedOperation): void {
    const at = this.reserve(end - start)
    this.append(number, at, at + bytes.copy(this.chunk, at, start, end))
  }

  /** The next frame; undefined if every operation was in an earlier one. */
  next(): Batch | undefined {
    this.finish()
    return this.batches.shift()
  }

  /** Discards all frames. */
  clear(): void {
    this.finish()
    this.batches = []
  }

  /** Ends the current frame, unless it is empty. */
  private finish(): void {
    const { chunk, count, last } = this
    if (count === 0) return
    const bytes = chunk.subarray(this.start, this.at)
    this.batches.push({ bytes, count, size: bytes.length - HEADER_BYTES, last })
    this.begin(this.at)
  }

  private append(number: number, start: number, end: number): EncodedOperation {
    this.at = end
    this.count++
    this.last = number
    return { bytes: this.chunk, start, end }
  }

  /** Makes space for an operation, and returns its offset. */
  private reserve(size: number): number {
    const isTooLong = this.at - this.start + size > MAX_FRAME_BYTES
    if (isTooLong || this.at + size > this.chunk.length) this.finish()
    if (this.at + size > this.chunk.length) {
      this.chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, HEADER_BYTES + size))
      this.begin(0)
    }
    return this.at
  }

  private begin(start: number): void {
    this.start = start
    this.at = start + HEADER_BYTES
    this.count = 0
  }
}

/** Completes a message. @param acknowledged the number up to which all replies have been received */
export function acknowledging(bytes: Buffer, acknowledged: number): Buffer {
  writeFixed64(bytes, MESSAGE_START, ACKNOWLEDGED, acknowledged)
  return bytes
}

/** A message, with the space before it. */
export function withSpace(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(MESSAGE_START + message.length)
  message.copy(bytes, MESSAGE_START)
  return bytes
}

/** A message without operations that acknowledges replies. */
export function acknowledgement(acknowledged: number): Buffer {
  return acknowledging(Buffer.allocUnsafe(HEADER_BYTES), acknowledged)
}
