/**
 * Short ASCII text out of the scratch buffer. Much of it comes again and again (roles, paths, names
 * of browsers): a table of what was read last gives the same string without making it, which also
 * spares memory where decoded records are kept. What is not in it is made by `String.fromCharCode`
 * with a fixed number of arguments: 9 ns for 4 characters, 32 for 22, where a native call takes 70.
 */
import { compile } from './codegen.js'
import * as scratch from './scratch.js'

const { bytes, view } = scratch

/** The longest text read this way, in bytes. */
export const SHORT_TEXT = 24

/** How many texts the table has; a power of two. */
const TEXTS = 1024
/** How many words of four bytes each of them takes. */
const WORDS = SHORT_TEXT / 4

const texts: string[] = new Array(TEXTS).fill('')
const lengths = new Uint8Array(TEXTS)
const words = new Int32Array(TEXTS * WORDS)

type Reader = (bytes: Buffer, at: number) => string

const readers: Reader[] = Array.from({ length: SHORT_TEXT + 1 }, (_, length) => readerOf(length))

function readerOf(length: number): Reader {
  const units = Array.from({ length }, (_, i) => `bytes[at + ${i}]`).join()
  const made = compile<Reader>(['bytes', 'at'], `return String.fromCharCode(${units})`)
  return made ?? ((source, at) => source.toString('latin1', at, at + length))
}

let made = 0

/** How many bytes of memory the texts have taken that were not in the table. */
export function bytesOfTexts(): number {
  return made
}

/** Text of 1 to SHORT_TEXT bytes; undefined if it is not ASCII. */
export function readShortText(at: number, length: number): string | undefined {
  let seen = 0
  let hash = length
  const whole = at + (length & ~3)
  for (let p = at; p < whole; p += 4) {
    const word = view.getInt32(p)
    seen |= word
    hash = Math.imul(hash ^ word, 0x9e3779b1)
  }
  const rest = restOf(whole, length)
  if (((seen | rest) & 0x80808080) !== 0) return undefined
  hash = Math.imul(hash ^ rest, 0x9e3779b1)
  const place = (hash >>> 16) & (TEXTS - 1)
  return isAt(place, at, length, rest) ? (texts[place] as string) : keep(place, at, length, rest)
}

/** The bytes behind the last whole word, in the upper ones of a word. */
function restOf(at: number, length: number): number {
  const bits = (length & 3) * 8
  return bits === 0 ? 0 : view.getInt32(at) & (-1 << (32 - bits))
}

function isAt(place: number, at: number, length: number, rest: number): boolean {
  if (lengths[place] !== length) return false
  let word = place * WORDS
  const whole = at + (length & ~3)
  for (let p = at; p < whole; p += 4) if (view.getInt32(p) !== words[word++]) return false
  return rest === 0 || words[word] === rest
}

function keep(place: number, at: number, length: number, rest: number): string {
  const text = (readers[length] as Reader)(bytes, at)
  made += 16 + length
  texts[place] = text
  lengths[place] = length
  let word = place * WORDS
  const whole = at + (length & ~3)
  for (let p = at; p < whole; p += 4) words[word++] = view.getInt32(p)
  if (rest !== 0) words[word] = rest
  return text
}
