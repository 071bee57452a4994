/** Writes values other than text that contain no others into the scratch buffer (see frame.ts). */

import { bytes, view } from '../engine/scratch.js'
import { SOFT_END, skip, writeLength } from './frame.js'
import type { PackedValue } from './packed-value.js'

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

/** Whether an integer fits into the 64 bits of MessagePack's integers. */
export function fitsBigInt(value: bigint): boolean {
  return value >= -(1n << 63n) && value < 1n << 64n
}

const { get: getLength } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'length',
) as { get(this: Uint8Array): number }

/** Bytes as they are. */
export function writeBytes(value: Uint8Array, at: number): number {
  // Not the property `length`, which an instance or a subclass may have redefined.
  const length = getLength.call(value)
  return writeRaw(value, length, writeLength(length, at, 0xc4))
}

/** A value that was encoded before. */
export function writePacked({ bytes: packed, length }: PackedValue, at: number): number {
  return packed === undefined ? skip(at, length) : writeRaw(packed, length, at)
}

function writeRaw(data: Uint8Array, length: number, at: number): number {
  if (at + length > SOFT_END) return skip(at, length)
  bytes.set(data, at)
  return at + length
}

/** A valid time in milliseconds since 1970 as a timestamp, in the shortest of its three forms. */
export function writeDate(time: number, at: number): number {
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
  const length = getLength.call(data)
  const width = Math.log2(length)
  const isFixed = Number.isInteger(width) && width <= 4
  if (isFixed) bytes[at] = 0xd4 + width
  const typeAt = isFixed ? at + 1 : writeLength(length, at, 0xc7)
  bytes[typeAt] = type
  return writeRaw(data, length, typeAt + 1)
}
