/**
 * Writing the fields of `proto/batch.proto`: numbers with tags of one byte, and parts whose length is
 * put in when they are complete.
 *
 * A part's length always takes three bytes, though fewer would do for most: then nothing has to be
 * measured beforehand. Readers of Protocol Buffers take such a length for what it is.
 */
import { DELIMITED, tagOf } from './protobuf.js'

/** What stands in front of a part: its tag and its length. */
export const PART_HEAD = 4
/** The longest part. */
export const MOST_PART_BYTES = 2 ** 21 - 1
/** The most bytes that the tag and the value of a number take. */
export const NUMBER_FIELD_BYTES = 11

const HIGH_BITS = 2 ** 28

/** Begins a part: the place of its first byte. */
export function openPart(bytes: Buffer, at: number, field: number): number {
  bytes[at] = tagOf(field, DELIMITED)
  return at + PART_HEAD
}

/** Ends a part that began at `start`, and gives `at` back. */
export function closePart(bytes: Buffer, start: number, at: number): number {
  const length = at - start
  bytes[start - 3] = (length & 0x7f) | 0x80
  bytes[start - 2] = ((length >>> 7) & 0x7f) | 0x80
  bytes[start - 1] = length >>> 14
  return at
}

/** Writes a number of up to 2^53 and gives the place behind it. */
export function writeNumber(bytes: Buffer, start: number, field: number, value: number): number {
  bytes[start] = tagOf(field, 0)
  let at = start + 1
  let rest = value
  for (; rest >= HIGH_BITS; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = rest | 0x80
  bytes[at++] = rest
  return at
}

/** Writes a number of up to 2^64. */
export function writeBigNumber(bytes: Buffer, start: number, field: number, value: bigint): number {
  bytes[start] = tagOf(field, 0)
  let at = start + 1
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes[at++] = Number(rest & 0x7fn) | 0x80
  bytes[at++] = Number(rest)
  return at
}

/** Writes ASCII text of fewer than 128 characters. */
export function writeAscii(bytes: Buffer, start: number, field: number, text: string): number {
  const { length } = text
  bytes[start] = tagOf(field, DELIMITED)
  bytes[start + 1] = length
  const at = start + 2
  for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
  return at + length
}
