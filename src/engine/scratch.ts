/**
 * The one buffer that data crosses to the engine and back in. All stores of a thread share it:
 * whoever fills it uses it up within the same synchronous call. The one thing that could come in
 * between is a getter or toJSON of the caller's that calls a store; `fill` and `release` refuse it.
 *
 * Layout (little-endian): a header of 64 bytes, then the record's data, then its outline, then images
 * of records that come again and again (see packed-image.ts).
 */

import { typeError } from '../errors.js'
import {
  DATA_OFFSET,
  IMAGES_BYTES,
  IMAGES_OFFSET,
  LEAVES_OFFSET,
  NUMBERS_OFFSET,
  SCRATCH_BYTES,
} from './native.js'

export { DATA_OFFSET, IMAGES_OFFSET, LEAVES_OFFSET, NUMBERS_OFFSET }

/** How many images there are. */
export const IMAGES = 64
/** How many bytes each has. */
export const IMAGE_BYTES = IMAGES_BYTES / IMAGES

/** The end of the part that data may be written to. */
export const DATA_END = LEAVES_OFFSET

/** The buffer itself, as the binding takes it. */
export const buffer = new ArrayBuffer(SCRATCH_BYTES)

/** The buffer byte by byte. */
export const bytes: Buffer = Buffer.from(buffer)

/** The buffer for numbers of more than one byte, at any offset. */
export const view = new DataView(buffer)

/** The header's numbers, by the indexes below. */
export const header = new Float64Array(buffer, 0, DATA_OFFSET / 8)

/** The header's exact numbers, by the indexes below. */
export const exact = new BigUint64Array(buffer, 0, DATA_OFFSET / 8)

/** The header in words of 32 bits, by the indexes below. */
export const words = new Uint32Array(buffer, 0, DATA_OFFSET / 4)

/** Index in `header`: whole seconds a record still lives, or -1. */
export const TTL_LEFT = 0
/** Index in `header`: reads a record still gives, or -1. */
export const READS_LEFT = 1
/** Index in `exact`: the ttl where a Number would not be exact. */
export const TTL_EXACT = 3
/** Index in `exact`: the reads where a Number would not be exact. */
export const READS_EXACT = 4
/** Indexes in `words`: the slot where the record is kept, its lower and its upper half. */
export const SLOT_LOW = 10
export const SLOT_HIGH = 11

let filling = false

/** Begins to fill the buffer from the caller's data, whose getters may run code of theirs. */
export function fill(): void {
  ensureFree()
  filling = true
}

/** Ends what `fill` began. */
export function release(): void {
  filling = false
}

/** @throws TypeError `ERR_CRUDJT_DATA` while the buffer is being filled further up the stack */
export function ensureFree(): void {
  if (filling) throw inUse()
}

function inUse(): Error {
  return typeError('ERR_CRUDJT_DATA', 'A getter or toJSON of the data must not use a store itself')
}
