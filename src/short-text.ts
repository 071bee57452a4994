/**
 * Short ASCII text out of the scratch buffer. A native call costs 70 ns whatever the length;
 * `String.fromCharCode` with a fixed number of arguments 9 ns for 4 characters and 32 for 22.
 */
import { compile } from './codegen.js'
import * as scratch from './scratch.js'

const { bytes, view } = scratch

/** The longest text read this way, in bytes. */
export const SHORT_TEXT = 24

type Reader = (bytes: Buffer, at: number) => string

const readers: Reader[] = Array.from({ length: SHORT_TEXT + 1 }, (_, length) => readerOf(length))

function readerOf(length: number): Reader {
  const units = Array.from({ length }, (_, i) => `bytes[at + ${i}]`).join()
  const made = compile<Reader>(['bytes', 'at'], `return String.fromCharCode(${units})`)
  return made ?? ((source, at) => source.toString('latin1', at, at + length))
}

/** Text of up to SHORT_TEXT bytes; undefined if it is not ASCII. */
export function readShortText(at: number, length: number): string | undefined {
  return isAscii(at, length) ? (readers[length] as Reader)(bytes, at) : undefined
}

/** Looks at four bytes at once; what lies behind the last whole four is looked at one by one. */
function isAscii(at: number, length: number): boolean {
  let seen = 0
  const end = at + length
  let i = at
  for (; i + 4 <= end; i += 4) seen |= view.getInt32(i)
  for (; i < end; i++) seen |= (bytes[i] as number) << 24
  return (seen & 0x80808080) === 0
}
