/**
 * The buffer through which data crosses to the engine and back. All stores of a thread share it:
 * whoever fills it consumes it within the same synchronous call. Only a getter or toJSON of the caller's
 * data could call a store in between; `fill` and `release` refuse that.
 *
 * Layout (little-endian): a header of 64 bytes, the record's data, its leaf index, and the packed
 * images of recurring records (see packed-image.ts).
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

/** The number of images. */
export const IMAGES = 64
/** The size of each image in bytes. */
export const IMAGE_BYTES = IMAGES_BYTES / IMAGES

/** The end of the data's part. */
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

/** Index in `header`: whole seconds that a record has left, or -1. */
export const TTL_LEFT = 0
/** Index in `header`: reads that a record has left, or -1. */
export const READS_LEFT = 1
/** Index in `exact`: the ttl, where a Number would not be exact. */
export const TTL_EXACT = 3
/** Index in `exact`: the reads, where a Number would not be exact. */
export const READS_EXACT = 4
/** Indexes in `words`: the lower and the upper half of the slot in which the record is cached. */
export const SLOT_LOW = 10
export const SLOT_HIGH = 11

let filling = false

/** Marks the buffer as being filled from the caller's data, whose getters may run any code. */
export function fill(): void {
  ensureFree()
  filling = true
}

/** Ends the filling. */
export function release(): void {
  filling = false
}

/** @throws TypeError `ERR_CRUDJT_DATA` if the buffer is being filled further up the stack */
export function ensureFree(): void {
  if (filling) throw inUse()
}

function inUse(): Error {
  return typeError('ERR_CRUDJT_DATA', 'A getter or toJSON of the data must not call a store')
}
