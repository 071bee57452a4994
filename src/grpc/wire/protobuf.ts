/**
 * The part of the Protocol Buffers encoding that the messages of this package use: varints, 64-bit
 * fields, length-delimited fields, and skipping unknown fields.
 *
 * Invariants: the reader never leaves its message, whatever the bytes; a message that cannot be read
 * throws MALFORMED and nothing else. The writer takes field numbers up to 15, whose tags are one byte;
 * each of its functions returns the offset after what it wrote.
 */

/** Thrown where a message is truncated or is not Protocol Buffers. */
export const MALFORMED = new Error('malformed')

/** Wire type of integers and booleans. */
export const VARINT = 0
/** Wire type of eight-byte values. */
export const FIXED64 = 1
/** Wire type of text, bytes and nested messages. */
export const DELIMITED = 2
const FIXED32 = 5

const TWO_28 = 2 ** 28
const TWO_32 = 2 ** 32

/** A 64-bit integer; a BigInt where a Number would not be exact. */
export type Int64 = number | bigint

/** The tag that precedes a field's value. */
export const tagOf = (field: number, type: number) => field * 8 + type

/** Reads a message from front to back. */
export class ProtobufReader {
  /** Start and end of the length-delimited value that was read last. */
  from = 0
  to = 0

  /** @param bytes the buffer that is read */
  constructor(
    public bytes: Buffer,
    private at = 0,
    private end = bytes.length,
  ) {}

  /** Continues with another message. */
  reset(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  /** The next field's tag; 0 at the end. */
  tag(): number {
    if (this.at >= this.end) return 0
    const tag = this.uint()
    if (tag < 8) throw MALFORMED // field number 0 is invalid
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

  /** A signed 64-bit integer. */
  int64(): Int64 {
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

  /** An unsigned integer of eight bytes, up to 2^53. */
  fixed64(): number {
    this.advance(8)
    const { at, bytes } = this
    return bytes.readUInt32LE(at - 8) + bytes.readUInt32LE(at - 4) * TWO_32
  }

  /** A floating-point number of eight bytes. */
  double(): number {
    this.advance(8)
    return this.bytes.readDoubleLE(this.at - 8)
  }

  /** Skips a length-delimited value and sets `from` and `to` to its bounds. */
  delimited(): void {
    const length = this.uint()
    this.from = this.at
    this.advance(length)
    this.to = this.at
  }

  /** A length-delimited value as a view, without a copy. */
  slice(): Buffer {
    this.delimited()
    return this.bytes.subarray(this.from, this.to)
  }

  /** A length-delimited value as text; only ASCII is meaningful in it. */
  ascii(): string {
    this.delimited()
    return this.bytes.toString('latin1', this.from, this.to)
  }

  /** Skips the value of an unknown field. */
  skip(tag: number): void {
    const type = tag & 7
    if (type === VARINT) this.int64()
    else if (type === DELIMITED) this.delimited()
    else if (type === FIXED64) this.advance(8)
    else if (type === FIXED32) this.advance(4)
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

function signed(low: number, high: number): Int64 {
  const value = high * TWO_32 + (low >>> 0)
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0)
}

/** The value of a message's only field, whose number is 1. */
export function readField1<T>(
  message: Buffer,
  type: number,
  absent: T,
  read: (reader: ProtobufReader) => T,
): T {
  let value = absent
  const reader = new ProtobufReader(message)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(1, type)) value = read(reader)
    else reader.skip(tag)
  }
  return value
}

/** The most bytes that an integer field takes. */
export const INTEGER_FIELD_BYTES = 11
/** The size of an eight-byte field. */
export const FIXED64_FIELD_BYTES = 9
/** The most bytes that precede the value of a length-delimited field of up to 2^28 bytes. */
export const DELIMITED_HEADER_BYTES = 5
/**
 * What precedes a nested message: its tag and its length. The length always takes three bytes, though
 * fewer would usually do: nothing has to be measured beforehand, and such a varint is valid.
 */
export const NESTED_HEADER_BYTES = 4

/** Writes an unsigned integer field up to 2^53. */
export function writeUint(bytes: Buffer, start: number, field: number, value: number): number {
  bytes[start] = tagOf(field, VARINT)
  return writeVarint(bytes, start + 1, value)
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest >= TWO_28; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = rest | 0x80
  bytes[at++] = rest
  return at
}

/** Writes a 64-bit integer field; a negative value takes ten bytes. */
export function writeInt64(bytes: Buffer, start: number, field: number, value: Int64): number {
  if (typeof value === 'number' && value >= 0) return writeUint(bytes, start, field, value)
  bytes[start] = tagOf(field, VARINT)
  let at = start + 1
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest >= 0x80n; rest >>= 7n) bytes[at++] = Number(rest & 0x7fn) | 0x80
  bytes[at++] = Number(rest)
  return at
}

/** Writes an unsigned integer up to 2^53 as an eight-byte field. */
export function writeFixed64(bytes: Buffer, at: number, field: number, value: number): number {
  bytes[at] = tagOf(field, FIXED64)
  bytes.writeUInt32LE(value % TWO_32, at + 1)
  return bytes.writeUInt32LE(Math.floor(value / TWO_32), at + 5)
}

/** Writes what precedes a length-delimited value. */
export function writeDelimited(bytes: Buffer, at: number, field: number, length: number): number {
  bytes[at] = tagOf(field, DELIMITED)
  return writeVarint(bytes, at + 1, length)
}

/** Writes a text field. */
export function writeText(bytes: Buffer, start: number, field: number, text: string): number {
  const at = writeDelimited(bytes, start, field, Buffer.byteLength(text))
  return at + bytes.write(text, at, 'utf8')
}

/** Writes an ASCII text field of fewer than 128 characters. */
export function writeAscii(bytes: Buffer, start: number, field: number, text: string): number {
  const { length } = text
  bytes[start] = tagOf(field, DELIMITED)
  bytes[start + 1] = length
  const at = start + 2
  for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
  return at + length
}

/** Begins a nested message of fewer than 2^21 bytes, and returns the offset of its first field. */
export function beginNested(bytes: Buffer, at: number, field: number): number {
  bytes[at] = tagOf(field, DELIMITED)
  return at + NESTED_HEADER_BYTES
}

/** Ends the nested message whose first field is at `start`, and returns `at`. */
export function endNested(bytes: Buffer, start: number, at: number): number {
  const length = at - start
  bytes[start - 3] = (length & 0x7f) | 0x80
  bytes[start - 2] = ((length >>> 7) & 0x7f) | 0x80
  bytes[start - 1] = length >>> 14
  return at
}
