/**
 * Writers of MessagePack's values that hold no others, into the scratch buffer.
 *
 * Each takes the position to write at and gives back the position behind what it wrote. Invariant:
 * a write that does not look for room takes at most MARGIN bytes and is begun at SOFT_END or before.
 * What is too big for the buffer is written around in it (`wrap`), so that its size can be told.
 */
import { TOO_MUCH } from './refusals.js'
import * as scratch from './scratch.js'

// Constants of this module are built into the machine code; those of another one are looked up
// in its exports each time.
const { bytes, DATA_OFFSET, SCRATCH_BYTES, view } = scratch

/** What one entry may take without looking for room: a short key and a short value. */
const MARGIN = 512

/** The last position at which an entry may begin. */
export const SOFT_END = SCRATCH_BYTES - MARGIN

/** Up to this length a loop beats the native writers. */
const LOOP_LENGTH = 48

/** Beyond this size bytes are no longer counted. */
const COUNTED = 64 * 1024 * 1024

let wrapped = 0

/** Begins data at the start of the buffer: the position of its first byte. */
export function begin(): number {
  wrapped = 0
  return DATA_OFFSET
}

/** How many bytes the data that ends at `at` takes. */
export function sizeUpTo(at: number): number {
  return wrapped + at - DATA_OFFSET
}

/**
 * Goes on at the buffer's start, counting what was written: that data can only be refused.
 * @throws TOO_MUCH where counting on would hold up the caller's thread
 */
export function wrap(at: number): number {
  wrapped += at - DATA_OFFSET
  if (wrapped > COUNTED) throw TOO_MUCH
  return DATA_OFFSET
}

/** Counts bytes that are too many to be written. */
function skip(at: number, length: number): number {
  wrapped += length
  return at
}

/** nil. */
export function writeNil(at: number): number {
  bytes[at] = 0xc0
  return at + 1
}

/** true or false. */
export function writeBoolean(value: boolean, at: number): number {
  bytes[at] = value ? 0xc3 : 0xc2
  return at + 1
}

/** An integer of 32 bits in the fewest bytes, any other number as a double. */
export function writeNumber(value: number, at: number): number {
  if (value >>> 0 === value) return writeUint(value, at)
  if (value >> 0 === value) return writeNegative(value, at)
  bytes[at] = 0xcb
  view.setFloat64(at + 1, value)
  return at + 9
}

function writeUint(value: number, at: number): number {
  if (value < 0x80) {
    bytes[at] = value
    return at + 1
  }
  if (value < 0x100) {
    bytes[at] = 0xcc
    bytes[at + 1] = value
    return at + 2
  }
  if (value < 0x10000) {
    bytes[at] = 0xcd
    bytes[at + 1] = value >> 8
    bytes[at + 2] = value
    return at + 3
  }
  bytes[at] = 0xce
  view.setUint32(at + 1, value)
  return at + 5
}

function writeNegative(value: number, at: number): number {
  if (value >= -0x20) {
    bytes[at] = value
    return at + 1
  }
  if (value >= -0x80) {
    bytes[at] = 0xd0
    bytes[at + 1] = value
    return at + 2
  }
  if (value >= -0x8000) {
    bytes[at] = 0xd1
    view.setInt16(at + 1, value)
    return at + 3
  }
  bytes[at] = 0xd2
  view.setInt32(at + 1, value)
  return at + 5
}

/** An integer of 64 bits, in the fewest bytes (see `fitsBigInt`). */
export function writeBigInt(value: bigint, at: number): number {
  if (value >= -0x80000000n && value <= 0xffffffffn) return writeNumber(Number(value), at)
  if (value < 1n << 63n) {
    bytes[at] = 0xd3
    view.setBigInt64(at + 1, value)
  } else {
    bytes[at] = 0xcf
    view.setBigUint64(at + 1, value)
  }
  return at + 9
}

/** Whether an integer fits into the 64 bits that MessagePack has for it. */
export function fitsBigInt(value: bigint): boolean {
  return value >= -(1n << 63n) && value < 1n << 64n
}

/** Text as UTF-8; a lone surrogate becomes U+FFFD. */
export function writeString(text: string, at: number): number {
  const length = text.length
  if (length >= LOOP_LENGTH) return writeLongString(text, at)
  const start = length < 32 ? at + 1 : at + 2
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return writeWideString(text, at)
    bytes[start + i] = unit
  }
  if (length < 32) bytes[at] = 0xa0 | length
  else {
    bytes[at] = 0xd9
    bytes[at + 1] = length
  }
  return start + length
}

/** Short text that is not ASCII: at most three bytes a unit, so a header of two always suffices. */
function writeWideString(text: string, at: number): number {
  const start = at + 2
  let end = start
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) {
      bytes[end++] = unit
    } else if (unit < 0x800) {
      bytes[end++] = 0xc0 | (unit >> 6)
      bytes[end++] = 0x80 | (unit & 0x3f)
    } else if (unit >= 0xd800 && unit < 0xe000) {
      const point = text.codePointAt(i) as number
      if (point > 0xffff) i++
      end = writePoint(point, end)
    } else {
      end = writePoint(unit, end)
    }
  }
  return closeWideString(at, end)
}

/** A code point from U+0800 on; half of a surrogate pair, left alone, becomes U+FFFD. */
function writePoint(point: number, at: number): number {
  if (point > 0xffff) {
    bytes[at] = 0xf0 | (point >> 18)
    bytes[at + 1] = 0x80 | ((point >> 12) & 0x3f)
    bytes[at + 2] = 0x80 | ((point >> 6) & 0x3f)
    bytes[at + 3] = 0x80 | (point & 0x3f)
    return at + 4
  }
  const known = point >= 0xd800 && point < 0xe000 ? 0xfffd : point
  bytes[at] = 0xe0 | (known >> 12)
  bytes[at + 1] = 0x80 | ((known >> 6) & 0x3f)
  bytes[at + 2] = 0x80 | (known & 0x3f)
  return at + 3
}

function closeWideString(at: number, end: number): number {
  const length = end - at - 2
  if (length >= 32) {
    bytes[at] = 0xd9
    bytes[at + 1] = length
    return end
  }
  bytes[at] = 0xa0 | length
  bytes.copyWithin(at + 1, at + 2, end)
  return end - 1
}

function writeLongString(text: string, at: number): number {
  const length = Buffer.byteLength(text)
  const start = writeLength(length, at, 0xd9)
  if (start + length > SOFT_END) return skip(start, length)
  bytes.write(text, start, length, 'utf8')
  return start + length
}

/** Bytes as they are. */
export function writeBytes(value: Uint8Array, at: number): number {
  const start = writeLength(value.length, at, 0xc4)
  if (start + value.length > SOFT_END) return skip(start, value.length)
  bytes.set(value, start)
  return start + value.length
}

/** The header of a length: `code` for one byte, the codes behind it for two and four. */
function writeLength(length: number, at: number, code: number): number {
  if (length < 0x100) {
    bytes[at] = code
    bytes[at + 1] = length
    return at + 2
  }
  if (length < 0x10000) {
    bytes[at] = code + 1
    view.setUint16(at + 1, length)
    return at + 3
  }
  bytes[at] = code + 2
  view.setUint32(at + 1, length)
  return at + 5
}

/** A valid Date as MessagePack's timestamp, in the shortest of its three forms. */
export function writeDate(date: Date, at: number): number {
  const time = date.getTime()
  const seconds = Math.floor(time / 1000)
  const nanoseconds = (time - seconds * 1000) * 1_000_000
  if (seconds < 0 || seconds >= 0x400000000) return writeDate96(seconds, nanoseconds, at)
  if (nanoseconds === 0 && seconds <= 0xffffffff) {
    view.setUint16(at, 0xd6ff)
    view.setUint32(at + 2, seconds)
    return at + 6
  }
  view.setUint16(at, 0xd7ff)
  view.setUint32(at + 2, nanoseconds * 4 + Math.floor(seconds / 0x100000000))
  view.setUint32(at + 6, seconds)
  return at + 10
}

function writeDate96(seconds: number, nanoseconds: number, at: number): number {
  bytes[at] = 0xc7
  view.setUint16(at + 1, 0x0cff)
  view.setUint32(at + 3, nanoseconds)
  view.setBigInt64(at + 7, BigInt(seconds))
  return at + 15
}

/** A value of an extension type. */
export function writeExtension(type: number, data: Uint8Array, at: number): number {
  const width = Math.log2(data.length)
  const isFixed = Number.isInteger(width) && width <= 4
  if (isFixed) bytes[at] = 0xd4 + width
  const typeAt = isFixed ? at + 1 : writeLength(data.length, at, 0xc7)
  bytes[typeAt] = type
  const start = typeAt + 1
  if (start + data.length > SOFT_END) return skip(start, data.length)
  bytes.set(data, start)
  return start + data.length
}

/** Writes an array's header of any width. */
export function writeArrayHeader(count: number, at: number): number {
  if (count < 16) {
    bytes[at] = 0x90 | count
    return at + 1
  }
  if (count < 0x10000) {
    bytes[at] = 0xdc
    view.setUint16(at + 1, count)
    return at + 3
  }
  bytes[at] = 0xdd
  view.setUint32(at + 1, count)
  return at + 5
}

/**
 * Puts the header of a map whose entries lie from `start + 1` to `at`, now that they are counted,
 * and moves them where it takes more than the one byte left for it.
 */
export function closeMap(start: number, at: number, count: number): number {
  if (count < 16) {
    bytes[start] = 0x80 | count
    return at
  }
  const width = count < 0x10000 ? 3 : 5
  if (at > start) bytes.copyWithin(start + width, start + 1, at)
  if (width === 3) view.setUint16(start + 1, count)
  else view.setUint32(start + 1, count)
  bytes[start] = width === 3 ? 0xde : 0xdf
  return at + width - 1
}
