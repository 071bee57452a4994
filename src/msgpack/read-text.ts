/**
 * Decodes short ASCII text in the scratch buffer by `String.fromCharCode` with a fixed number of
 * arguments: 9 ns for 4 characters and 32 for 22, where a native call takes 70.
 */

import { bytes } from '../engine/scratch.js'
import { compileFunction } from './v8.js'

/** The longest text decoded this way, in bytes. */
export const SHORT_TEXT = 24

/** What a string takes in memory beside its characters: a short one, and any other. */
const SHORT_TEXT_COST = 16
const TEXT_COST = 96

type ReadAscii = (bytes: Buffer, at: number) => string

const byLength: ReadAscii[] = Array.from({ length: SHORT_TEXT + 1 }, (_, i) => readerOf(i))

function readerOf(length: number): ReadAscii {
  const units = Array.from({ length }, (_, i) => `bytes[at + ${i}]`).join()
  const body = `return String.fromCharCode(${units})`
  const read = compileFunction<ReadAscii>(['bytes', 'at'], body)
  return read ?? ((source, at) => source.toString('latin1', at, at + length))
}

/** Text of up to SHORT_TEXT bytes, which are known to be ASCII. */
export function asciiText(at: number, length: number): string {
  return (byLength[length] as ReadAscii)(bytes, at)
}

/** Text of up to SHORT_TEXT bytes; undefined if it is not ASCII. */
export function readShortText(at: number, length: number): string | undefined {
  let seen = 0
  for (let i = at; i < at + length; i++) seen |= bytes[i] as number
  return seen < 0x80 ? asciiText(at, length) : undefined
}

/** What a text of this length takes in memory, about. */
export function textCost(length: number): number {
  return length <= SHORT_TEXT ? SHORT_TEXT_COST + length : TEXT_COST + 2 * length
}
