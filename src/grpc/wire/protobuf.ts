/**
 * The encoding of Protocol Buffers, as much of it as the messages here need: varints, length-delimited
 * fields, and skipping what is not known.
 *
 * Invariants: reading never leaves the message, whatever its bytes; a message that can't be read is
 * refused by MALFORMED and nothing else.
 */

/** Thrown where a message ends too early or holds what Protocol Buffers don't have. */
export const MALFORMED = new Error('malformed')

/** Wire type of integers and booleans. */
const VARINT = 0
/** Wire type of text, bytes and messages. */
export const DELIMITED = 2

const TWO_32 = 2 ** 32

/** The tag of a field: what stands in front of its value. */
export const tagOf = (field: number, type: number) => field * 8 + type

/** Reads a message from front to back. */
export class ProtobufReader {
  /** Where the bytes of the part begin and end that was read last. */
  from = 0
  to = 0
  /** What is read from. */
  bytes: Buffer
  private at: number
  private end: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  /** Goes on with another message. */
  reset(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  /** The next field's tag; 0 at the end. */
  tag(): number {
    if (this.at >= this.end) return 0
    const tag = this.uint()
    if (tag < 8) throw MALFORMED // no field has the number 0
    return tag
  }

  /** A varint up to 2^53. */
  uint(): number {
    let byte = this.byte()
    let value = byte & 0x7f
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      if (scale > 2 ** 49) throw MALFORMED
      byte = this.byte()
      value += (byte & 0x7f) * scale
    }
    return value
  }

  /** A signed integer of 64 bits; a BigInt where a Number would not be exact. */
  int64(): number | bigint {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte()
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) return signed(low, high)
    }
    throw MALFORMED
  }

  /** A boolean. */
  bool(): boolean {
    return this.int64() !== 0
  }

  /** A number of 8 bytes, up to 2^53. */
  fixed64(): number {
    this.advance(8)
    const { at, bytes } = this
    return bytes.readUInt32LE(at - 8) + bytes.readUInt32LE(at - 4) * TWO_32
  }

  /** A float of 8 bytes. */
  double(): number {
    this.advance(8)
    return this.bytes.readDoubleLE(this.at - 8)
  }

  /** Passes over the bytes of a length-delimited field: they lie from `from` to `to`. */
  part(): void {
    const length = this.uint()
    this.from = this.at
    this.advance(length)
    this.to = this.at
  }

  /** The bytes of a length-delimited field, without a copy. */
  slice(): Buffer {
    this.part()
    return this.bytes.subarray(this.from, this.to)
  }

  /** The text of a length-delimited field that is ASCII where it means anything. */
  ascii(): string {
    this.part()
    return this.bytes.toString('latin1', this.from, this.to)
  }

  /** Passes over the value of a field that is not known. */
  skip(tag: number): void {
    const type = tag & 7
    if (type === VARINT) this.int64()
    else if (type === DELIMITED) this.part()
    else if (type === 1) this.advance(8)
    else if (type === 5) this.advance(4)
    else throw MALFORMED
  }

  private advance(length: number): void {
    if (length > this.end - this.at) throw MALFORMED
    this.at += length
  }

  private byte(): number {
    if (this.at >= this.end) throw MALFORMED
    return this.bytes[this.at++] as number
  }
}

function signed(low: number, high: number): number | bigint {
  const value = high * TWO_32 + (low >>> 0)
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0)
}

/** How many bytes a varint of up to 2^53 takes. */
export function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}

/** Writes a varint of up to 2^53 and gives the place behind it. */
export function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  bytes[at++] = rest
  return at
}

/** The bytes of a signed integer of 64 bits as a varint. */
export function int64Varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
