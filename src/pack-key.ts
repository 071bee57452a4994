/**
 * The writer of a map's keys, into the scratch buffer (see pack-frame.ts). The same keys come again and
 * again in the same order, so each one's bytes are kept, by its place among all keys of the data, and are
 * written eight at a time: sixteen keys of 8 characters take 54 ns, character by character 186.
 *
 * Invariants: what is kept at a place are the bytes of the key at that place; which keys are at the
 * places, and how deep, says which maps have them.
 */
import { writeString } from './pack-text.js'
import { spoil, unlearn } from './packed-values.js'
import { bytes, view } from './scratch.js'
import type { Shape } from './shapes.js'

/** How many places there are: keys beyond them are written like any text. */
const PLACES = 64
/** The most bytes of a key that are kept, with its header of one byte. */
const KEY_BYTES = 32
const KEY_WORDS = KEY_BYTES / 8
/** A place takes a new key with every so many that are not the one it has. */
const PATIENCE = 8

const keys: string[] = new Array(PLACES).fill('')
/** How deep the map of each is: in the data itself 1. */
const depths = new Uint8Array(PLACES)
const sizes = new Int32Array(PLACES).fill(1)
const misses = new Uint8Array(PLACES)
// At first the empty key at every place: a header that tells no characters.
const kept = new Uint8Array(PLACES * KEY_BYTES).fill(0xa0)
// No text of ASCII is a NaN, whose bits need not survive being read and written.
const words = new Float64Array(kept.buffer)

let place = 0
/** Whether all keys so far were those at their places. */
let isFamiliar = true

/** The next key is the first of new data. */
export function beginKeys(): void {
  place = 0
  isFamiliar = true
}

/** How many keys the data has that was packed last; -1 if not all of them were at their places. */
export function familiarKeys(): number {
  return isFamiliar ? place : -1
}

/** Whether the keys at the places are those of a shape and the maps inside that it foresees. */
export function areKeysOf(shape: Shape): boolean {
  return behindKeys(shape, 0, 1) === place
}

/** The place behind a shape's keys, which begin at another; -1 if other keys are there. */
function behindKeys(shape: Shape, from: number, depth: number): number {
  let at = from
  for (const [i, key] of shape.keys.entries()) {
    if (keys[at] !== key || depths[at] !== depth) return -1
    at++
    const inner = shape.inner[i]
    if (inner !== undefined) at = behindKeys(inner, at, depth + 1)
    if (at < 0) return -1
  }
  return at
}

/** Writes the next key, as `writeString` does, of a map that is so deep. */
export function writeKey(key: string, at: number, depth: number): number {
  const mine = place++
  if (mine >= PLACES) return writeUncounted(key, at)
  if (keys[mine] !== key || depths[mine] !== depth) return writeStranger(key, at, mine, depth)
  const size = sizes[mine] as number
  let word = mine * KEY_WORDS
  for (let i = 0; i < size; i += 8) view.setFloat64(at + i, words[word++] as number, true)
  return at + size
}

function writeUncounted(key: string, at: number): number {
  isFamiliar = false
  spoil()
  return writeString(key, at)
}

function writeStranger(key: string, at: number, mine: number, depth: number): number {
  const end = writeUncounted(key, at)
  const isKeepable = end === at + 1 + key.length && end - at <= KEY_BYTES
  if (isKeepable && (misses[mine] as number)++ % PATIENCE === 0) {
    unlearn()
    keys[mine] = key
    depths[mine] = depth
    sizes[mine] = end - at
    kept.set(bytes.subarray(at, end), mine * KEY_BYTES)
  }
  return end
}
