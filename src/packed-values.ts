/**
 * The values of what is being packed, in their kept form (see kept.ts): what was just created can then
 * be remembered without decoding it, which takes as long as packing it did. Only for data of texts,
 * numbers, booleans, null and plain objects; everything else spoils it and is decoded.
 *
 * The same texts often come again at the same place, so the last one's bytes are kept by its place
 * among all texts of the data, as keys' are (see pack-key.ts).
 *
 * Invariants: no string of the caller's is kept, for it may be a part of a much longer one; values
 * are handed out only if the keys are exactly those that the shape was recognised by.
 */
import { writeString } from './pack-text.js'
import { bytes, view } from './scratch.js'
import type { Shape } from './shapes.js'
import { asciiText, SHORT_TEXT } from './short-text.js'

/** The most values, and the most texts whose bytes are kept. */
const PLACES = 64
/** The most bytes of a text that are kept, with its header of one byte. */
const TEXT_BYTES = 32
const TEXT_WORDS = TEXT_BYTES / 8
/** A place takes a new text with every so many that are not the one it has. */
const PATIENCE = 8
/** What a text takes in memory beside its characters: a short one, a longer one. */
const SHORT_TEXT_COST = 16
const TEXT_COST = 96

const values: unknown[] = new Array(PLACES).fill(undefined)
const texts: string[] = new Array(PLACES).fill('')
const sizes = new Int32Array(PLACES).fill(1)
// Not from 0: the first texts are written like any that are new, so that machine code that is made
// while all are the same knows that way too, and is not thrown away when the first one differs.
const misses = new Uint8Array(PLACES).fill(1)
// At first the empty text at every place: a header that tells no characters.
const kept = new Uint8Array(PLACES * TEXT_BYTES).fill(0xa0)
// No text of ASCII is a NaN, whose bits need not survive being read and written.
const words = new Float64Array(kept.buffer)

let isWanted = false
let valueCount = 0
let textCount = 0
/** Bytes of memory that the texts take that no place had. */
let taken = 0
/** The shape of data with the keys that are expected, and how many those are. */
let shape: Shape | undefined
let keyCount = 0

/** What comes is new data. @param wanted whether its values are asked for when it is packed */
export function beginValues(wanted: boolean): void {
  isWanted = wanted && shape !== undefined
  valueCount = 0
  textCount = 0
  taken = 0
}

/** The data is not what is expected, or holds what is not kept as it is packed. */
export function spoil(): void {
  isWanted = false
}

/** The expected keys are others from now on. */
export function unlearn(): void {
  isWanted = false
  shape = undefined
}

/** Data with the expected keys, which are so many, is of this shape. */
export function learn(known: Shape, keys: number): void {
  shape = known
  keyCount = keys
}

/** The next value is one that is kept as it is. */
export function addValue(value: unknown): void {
  if (!isWanted) return
  if (valueCount < PLACES) values[valueCount++] = value
  else isWanted = false
}

/** Writes a text that is the next value, as `writeString` does. */
export function writeText(value: string, at: number): number {
  const mine = textCount++
  if (mine >= PLACES) return writeStranger(value, at, mine)
  const same = texts[mine] as string
  if (same !== value) return writeStranger(value, at, mine)
  addValue(same)
  const size = sizes[mine] as number
  let word = mine * TEXT_WORDS
  for (let i = 0; i < size; i += 8) view.setFloat64(at + i, words[word++] as number, true)
  return at + size
}

function writeStranger(value: string, at: number, mine: number): number {
  const end = writeString(value, at)
  const isKeepable = mine < PLACES && end === at + 1 + value.length && value.length <= SHORT_TEXT
  const isKept = isKeepable && (misses[mine] as number)++ % PATIENCE === 0
  if (!isKept && !isWanted) return end
  const copy = copied(value, at, end)
  addValue(copy)
  if (isKept) {
    texts[mine] = copy
    sizes[mine] = end - at
    kept.set(bytes.subarray(at, end), mine * TEXT_BYTES)
  }
  return end
}

/** The text that was just written, as a string of its own. */
function copied(value: string, at: number, end: number): string {
  const { length } = value
  if (length <= SHORT_TEXT && end === at + 1 + length) {
    taken += SHORT_TEXT_COST + length
    return asciiText(at + 1, length)
  }
  const header = bytes[at] as number
  const start = header < 0xc0 ? at + 1 : at + 1 + (1 << (header - 0xd9))
  taken += TEXT_COST + 2 * (end - start)
  return bytes.toString('utf8', start, end)
}

/**
 * Puts the values of what was just packed into a row, from a place of it on.
 * @param keys how many keys it has, all of them those expected; -1 if they are others
 * @returns its shape; undefined if it has to be decoded
 */
export function packedValues(keys: number, row: unknown[], from: number): Shape | undefined {
  if (!isWanted || keys !== keyCount) return undefined
  for (let i = 0; i < valueCount; i++) row[from + i] = values[i]
  return shape
}

/** How many bytes of memory those values take, about. */
export function packedValueBytes(): number {
  return taken
}
