/**
 * How MessagePack is written into the scratch buffer: positions, and the headers of values that have a
 * length.
 *
 * Each writer takes the position to write at and returns the position behind what it wrote. Invariant: a
 * write without a bounds check takes at most MARGIN bytes and starts at SOFT_END or before. Data that is
 * too large for the buffer is written around in it (`wrap`), so that its size can be reported.
 */

import { bytes, DATA_END, DATA_OFFSET, view } from '../engine/scratch.js'
import { TOO_LARGE } from './data-errors.js'

/** What one entry may take without a bounds check: a short key and a short value. */
const MARGIN = 512

/** The last position at which an entry may begin. */
export const SOFT_END = DATA_END - MARGIN

/** Data beyond this size is not measured to the end. */
const MAX_MEASURED = 64 * 1024 * 1024

let wrapped = 0

/** Begins new data; returns the position of its first byte. */
export function begin(): number {
  wrapped = 0
  return DATA_OFFSET
}

/** How many bytes the data that ends at `at` takes. */
export function sizeUpTo(at: number): number {
  return wrapped + at - DATA_OFFSET
}

/**
 * Continues at the buffer's start and only measures the data, which is refused in the end.
 * @throws TOO_LARGE where measuring on would block the caller's thread
 */
export function wrap(at: number): number {
  wrapped += at - DATA_OFFSET
  if (wrapped > MAX_MEASURED) throw TOO_LARGE
  return DATA_OFFSET
}

/** Measures bytes that are too many to be written. */
export function skip(at: number, length: number): number {
  wrapped += length
  return at
}

/** Writes the header of a length: `code` with one byte, the next two codes with two and four. */
export function writeLength(length: number, at: number, code: number): number {
  if (length >= 0x100) return writeWideLength(length, at, code + 1)
  bytes[at] = code
  bytes[at + 1] = length
  return at + 2
}

/** Writes the header of a length: `code` with two bytes, the next code with four. */
function writeWideLength(length: number, at: number, code: number): number {
  if (length < 0x10000) {
    bytes[at] = code
    view.setUint16(at + 1, length)
    return at + 3
  }
  bytes[at] = code + 1
  view.setUint32(at + 1, length)
  return at + 5
}

/** Writes the header of an array. */
export function writeArrayHeader(count: number, at: number): number {
  if (count >= 16) return writeWideLength(count, at, 0xdc)
  bytes[at] = 0x90 | count
  return at + 1
}

/**
 * Writes the header of a map whose entries lie from `start + 1` to `at`, now that they are counted, and
 * moves them where it takes more than the one byte reserved for it.
 */
export function closeMap(start: number, at: number, count: number): number {
  if (count < 16) {
    bytes[start] = 0x80 | count
    return at
  }
  const width = count < 0x10000 ? 3 : 5
  if (at > start) bytes.copyWithin(start + width, start + 1, at)
  writeWideLength(count, start, 0xde)
  return at + width - 1
}
