/**
 * The writer of a map's keys, into the scratch buffer (see pack-frame.ts). The same keys come again and
 * again in the same order, so each one's bytes are kept, by its place among all keys of the data, and are
 * written eight at a time: sixteen keys of 8 characters take 54 ns, character by character 186.
 *
 * Invariant: what is kept at a place are the bytes of the key at that place.
 */
import * as text from './pack-text.js'
import * as scratch from './scratch.js'

// Constants of this module are built into the machine code; those of another one are looked up
// in its exports each time.
const { bytes, view } = scratch
const { writeString } = text

/** How many places there are: keys beyond them are written like any text. */
const PLACES = 64
/** The most bytes of a key that are kept, with its header of one byte. */
const KEY_BYTES = 32
const KEY_WORDS = KEY_BYTES / 8
/** A place takes a new key with every so many that are not the one it has. */
const PATIENCE = 8

const keys: string[] = new Array(PLACES).fill('')
const sizes = new Int32Array(PLACES).fill(1)
const misses = new Uint8Array(PLACES)
// At first the empty key at every place: a header that tells no characters.
const kept = new Uint8Array(PLACES * KEY_BYTES).fill(0xa0)
// No text of ASCII is a NaN, whose bits need not survive being read and written.
const words = new Float64Array(kept.buffer)

let place = 0

/** The next key is the first of new data. */
export function beginKeys(): void {
  place = 0
}

/** Writes the next key, as `writeString` does. */
export function writeKey(key: string, at: number): number {
  const mine = place++
  if (mine >= PLACES) return writeString(key, at)
  if (keys[mine] !== key) return writeStranger(key, at, mine)
  const size = sizes[mine] as number
  let word = mine * KEY_WORDS
  for (let i = 0; i < size; i += 8) view.setFloat64(at + i, words[word++] as number, true)
  return at + size
}

function writeStranger(key: string, at: number, mine: number): number {
  const end = writeString(key, at)
  const isKeepable = end === at + 1 + key.length && end - at <= KEY_BYTES
  if (isKeepable && (misses[mine] as number)++ % PATIENCE === 0) {
    keys[mine] = key
    sizes[mine] = end - at
    kept.set(bytes.subarray(at, end), mine * KEY_BYTES)
  }
  return end
}
