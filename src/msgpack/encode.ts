/**
 * Data to MessagePack, checked and packed in one pass straight into the scratch buffer.
 *
 * The bytes are those that msgpackr writes without records and with the shortest map headers, but
 * for what must come back the same from everywhere: a BigInt of up to 32 bits takes as few bytes as
 * the Number it comes back as, a Date up to the year 2514 takes ten bytes at most, and undefined is
 * left out (nil in an array) as JSON does.
 */
import { types } from 'node:util'
import { bytes, DATA_OFFSET, fill, release } from '../engine/scratch.js'
import { notAHash, refuseDepth, refusedKind, TOO_DEEP, TOO_MUCH, tooLarge } from './data-errors.js'
import { decodeMap } from './decode.js'
import { begin, sizeUpTo } from './frame.js'
import { countShape, encodeCompiled } from './shapes/compiled-encoder.js'
import type { PackedImage } from './shapes/packed-image.js'
import { type Entries, plain, writeEntries, writeObject } from './write-value.js'

/** Of so many records that no packer takes, one is looked at for its shape: at first, and later on. */
const [SAMPLE, RARE_SAMPLE] = [4, 64]
/** After so many it is later on: their shapes do not come again. */
const PATIENCE = 1024

const { getPrototypeOf } = Object

/** The image that was packed into last; undefined where it lies at the data's place. */
let image: PackedImage | undefined
let unfamiliar = 0

/**
 * Packs data to the data's place in the scratch buffer.
 * @param data what the caller wants stored
 * @param limit the most bytes it may take
 * @returns how many bytes it takes
 * @throws TypeError `ERR_CRUDJT_DATA` if it is no object or holds what can't be stored (naming the
 *   path), RangeError `ERR_CRUDJT_DATA_TOO_LARGE`
 */
export function encode(data: unknown, limit: number): number {
  const length = encodeInPlace(data, limit, false)
  bringToFront(length)
  return length
}

/**
 * The same, but leaves it where it is, at `packedAt()`.
 * @param isKept whether its values are asked for afterwards (see `packedImage`)
 */
export function encodeInPlace(data: unknown, limit: number, isKept: boolean): number {
  if (typeof data !== 'object' || data === null) throw notAHash()
  const isPlain = getPrototypeOf(data) === plain
  if (!isPlain && !isHash(data)) throw notAHash()
  fill()
  try {
    image = isPlain ? encodeCompiled(data, isKept) : undefined
    const size = image === undefined ? encodeAnew(data, isPlain) : image.end - image.start
    if (size > limit) throw tooLarge(limit, size)
    return size
  } catch (error) {
    throw explained(error, data, limit)
  } finally {
    release()
  }
}

/** Where what was packed last begins, until anything else is put into the scratch buffer. */
export function packedAt(): number {
  return image === undefined ? DATA_OFFSET : image.start
}

/** The image that what was packed last lies in, if its values are all known there. */
export function lastImage(): PackedImage | undefined {
  return image?.isWhole === true ? image : undefined
}

/** Puts what was packed last, of such a length, to the data's place. */
export function bringToFront(length: number): void {
  if (image !== undefined) bytes.copyWithin(DATA_OFFSET, image.start, image.start + length)
  image = undefined
}

function isHash(data: object): boolean {
  if (Array.isArray(data) || types.isDate(data) || types.isMap(data)) return false
  return !types.isUint8Array(data) && refusedKind(data) === undefined
}

function encodeAnew(data: object, isPlain: boolean): number {
  const start = begin()
  const end = isPlain
    ? writeEntries(data as Entries, start, 1, false)
    : writeObject(data, start, 0, false)
  const size = sizeUpTo(end)
  // toJSON can still have made something else of the data than a map.
  const code = bytes[DATA_OFFSET] as number
  if ((code & 0xf0) !== 0x80 && code !== 0xde && code !== 0xdf) throw notAHash()
  if (isPlain && size === end - start && isSample()) lookAt(size)
  return size
}

function isSample(): boolean {
  return unfamiliar++ % (unfamiliar < PATIENCE ? SAMPLE : RARE_SAMPLE) === 0
}

const values: unknown[] = []

/** Has a packer made for the shape of what was just packed, if it is worth one. */
function lookAt(size: number): void {
  countShape(decodeMap(size, values, 0))
}

function explained(error: unknown, data: object, limit: number): unknown {
  if (error === TOO_DEEP) return refuseDepth(data)
  if (error === TOO_MUCH) return tooLarge(limit, undefined)
  return error
}
