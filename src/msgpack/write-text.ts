/** Writes text into the scratch buffer (see frame.ts). */

import { bytes } from '../engine/scratch.js'
import { SOFT_END, skip, writeLength } from './frame.js'

/** Below this length a loop is faster than the native writers. */
const LOOP_LENGTH = 48

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

/** Short text that is not ASCII: at most three bytes a unit, so its length fits a header of two. */
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

/** A code point from U+0800 on; a lone surrogate becomes U+FFFD. */
function writePoint(point: number, at: number): number {
  if (point > 0xffff) {
    bytes[at] = 0xf0 | (point >> 18)
    bytes[at + 1] = 0x80 | ((point >> 12) & 0x3f)
    bytes[at + 2] = 0x80 | ((point >> 6) & 0x3f)
    bytes[at + 3] = 0x80 | (point & 0x3f)
    return at + 4
  }
  const valid = point >= 0xd800 && point < 0xe000 ? 0xfffd : point
  bytes[at] = 0xe0 | (valid >> 12)
  bytes[at + 1] = 0x80 | ((valid >> 6) & 0x3f)
  bytes[at + 2] = 0x80 | (valid & 0x3f)
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
