/**
 * Short ASCII text out of the scratch buffer, made by `String.fromCharCode` with a fixed number of
 * arguments: 9 ns for 4 characters, 32 for 22, where a native call takes 70.
 */

import { bytes } from '../engine/scratch.js'
import { compile } from './shapes/v8.js'

/** The longest text read this way, in bytes. */
export const SHORT_TEXT = 24

/** What a text takes in memory beside its characters: a short one, and any other. */
export const SHORT_TEXT_COST = 16
export const TEXT_COST = 96

type Reader = (bytes: Buffer, at: number) => string

const readers: Reader[] = Array.from({ length: SHORT_TEXT + 1 }, (_, length) => readerOf(length))

function readerOf(length: number): Reader {
  const units = Array.from({ length }, (_, i) => `bytes[at + ${i}]`).join()
  const made = compile<Reader>(['bytes', 'at'], `return String.fromCharCode(${units})`)
  return made ?? ((source, at) => source.toString('latin1', at, at + length))
}

/** Text of up to SHORT_TEXT bytes, which are known to be ASCII. */
export function asciiText(at: number, length: number): string {
  return (readers[length] as Reader)(bytes, at)
}

/** Text of up to SHORT_TEXT bytes; undefined if it is not ASCII. */
export function readShortText(at: number, length: number): string | undefined {
  let seen = 0
  for (let i = at; i < at + length; i++) seen |= bytes[i] as number
  return seen < 0x80 ? asciiText(at, length) : undefined
}
