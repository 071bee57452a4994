/**
 * Encodes data as MessagePack: checked and written in one pass, directly into the scratch buffer.
 *
 * The bytes are those that msgpackr writes without records and with the shortest map headers, except
 * where values must come back the same from everywhere: a BigInt of up to 32 bits takes as few bytes as
 * the Number it comes back as, a Date up to the year 2514 takes at most ten bytes, and undefined is
 * omitted (nil in an array), as in JSON.
 */
import { types } from 'node:util'
import { bytes, DATA_OFFSET, fill, release } from '../engine/scratch.js'
import {
  nestedTooDeep,
  notAHash,
  TOO_DEEP,
  TOO_LARGE,
  tooLarge,
  unsupportedKind,
} from './data-errors.js'
import { decodeMap } from './decode.js'
import { begin, sizeUpTo } from './frame.js'
import { countSample, encodeCompiled, type PackedImage, takeRest } from './shapes/index.js'
import { type Entries, plain, writeEntries, writeObject } from './write-value.js'

/** Of the records that no compiled encoder accepts, one in so many is sampled: at first, and later. */
const [SAMPLE_EVERY, LATER_SAMPLE_EVERY] = [4, 64]
/** After so many of them it is later: they are rare shapes. */
const MANY = 1024

const { getPrototypeOf } = Object

/** The image that was encoded into last; undefined where the bytes lie at DATA_OFFSET. */
let image: PackedImage | undefined
let unmatched = 0

/**
 * Encodes data to DATA_OFFSET in the scratch buffer.
 * @param data what the caller wants stored
 * @param limit the most bytes it may take
 * @returns how many bytes it takes
 * @throws TypeError `ERR_CRUDJT_DATA` if it is not an object or contains what cannot be stored (naming
 *   the path), RangeError `ERR_CRUDJT_DATA_TOO_LARGE`
 */
export function encode(data: unknown, limit: number): number {
  const length = encodeInPlace(data, limit, false)
  bringToFront(length)
  return length
}

/**
 * The same, but leaves the bytes where they are, at `packedAt()`.
 * @param isCached whether its values are read afterwards (see `lastImage`)
 */
export function encodeInPlace(data: unknown, limit: number, isCached: boolean): number {
  if (typeof data !== 'object' || data === null) throw notAHash()
  const isPlain = getPrototypeOf(data) === plain
  if (!isPlain && !isHash(data)) throw notAHash()
  fill()
  try {
    image = isPlain ? encodeCompiled(data, isCached) : undefined
    const size = image === undefined ? encodeUncompiled(data, isPlain) : image.end - image.start
    if (size > limit) throw tooLarge(limit, size)
    return size
  } catch (error) {
    throw explained(error, data, limit)
  } finally {
    release()
  }
}

/** Where the bytes encoded last begin, until anything else is written to the scratch buffer. */
export function packedAt(): number {
  return image === undefined ? DATA_OFFSET : image.start
}

/** The image that was encoded into last, if all its values are known. */
export function lastImage(): PackedImage | undefined {
  return image?.isWhole === true ? image : undefined
}

/** Copies the bytes encoded last, of such a length, to DATA_OFFSET. */
export function bringToFront(length: number): void {
  if (image !== undefined) bytes.copyWithin(DATA_OFFSET, image.start, image.start + length)
  image = undefined
}

function isHash(data: object): boolean {
  if (Array.isArray(data) || types.isDate(data) || types.isMap(data)) return false
  return !types.isUint8Array(data) && unsupportedKind(data) === undefined
}

function encodeUncompiled(data: object, isPlain: boolean): number {
  const start = begin()
  const end = isPlain
    ? writeEntries(takeRest() as Entries, start, 1, false)
    : writeObject(data, start, 0, false)
  const size = sizeUpTo(end)
  // toJSON may have returned something else than a map.
  const code = bytes[DATA_OFFSET] as number
  if ((code & 0xf0) !== 0x80 && code !== 0xde && code !== 0xdf) throw notAHash()
  if (isPlain && size === end - start && isSampled()) countSample(decodeMap(size, values, 0))
  return size
}

function isSampled(): boolean {
  return unmatched++ % (unmatched < MANY ? SAMPLE_EVERY : LATER_SAMPLE_EVERY) === 0
}

/** The values of a sample, which nobody reads. */
const values: unknown[] = []

function explained(error: unknown, data: object, limit: number): unknown {
  if (error === TOO_DEEP) return nestedTooDeep(data)
  if (error === TOO_LARGE) return tooLarge(limit, undefined)
  return error
}
