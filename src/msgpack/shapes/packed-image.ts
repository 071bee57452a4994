/**
 * Packed images: the MessagePack of a map of one shape, in a part of the scratch buffer of its own. For
 * the next map of that shape only the values that differ are written.
 *
 * Invariants: the bytes from `start` to `end` are the MessagePack of a map of the shape whose values are
 * those in `values`, where they are known; a value that cannot be put changes nothing; no string of the
 * caller's is referenced, since it may be a slice that keeps a much longer one alive.
 */

import { bytes, DATA_OFFSET } from '../../engine/scratch.js'
import { keyPath } from '../data-errors.js'
import { begin, SOFT_END, sizeUpTo } from '../frame.js'
import { PackedValue } from '../packed-value.js'
import { asciiText, SHORT_TEXT, textCost } from '../read-text.js'
import { asSmi, interned } from '../v8.js'
import { writeBoolean, writeNil, writeNumber } from '../write-scalar.js'
import { writeString } from '../write-text.js'
import { OMITTED, writeOther } from '../write-value.js'
import type { Shape } from './shape.js'
import { type Template, templateOf } from './template.js'

/** Of the texts that differ from the one in their place, one in so many is made known there. */
const LEARN_EVERY = 8
/** Up to this many bytes a loop is faster than the native copy. */
const LOOP_LENGTH = 32

/** Instead of a value: it is not known. Equal to no value of a caller's. */
const UNKNOWN = Symbol('unknown')

/** The packed form of one map. */
export class PackedImage {
  readonly shape: Shape
  readonly start: number
  /** The values, frozen (see frozen-value.ts). */
  readonly values: unknown[]
  end: number
  /** Whether all values put since `begin` are known: none contains other values. */
  isWhole = true
  /** Bytes of memory that the texts put since `begin` take. */
  taken = 0

  /** Set by whoever caches the values; unset when a value is put that it does not expect to change. */
  owner: { isOwn(i: number): boolean } | undefined = undefined

  private readonly limit: number
  private readonly starts: Int32Array
  private readonly ends: Int32Array
  private readonly misses: Uint8Array
  private readonly paths: readonly (readonly string[])[]
  private isCached = false
  /** How many bytes the object takes that could not be put last; OMITTED: it is left out. */
  private refusedSize = 0

  /** An image of nulls; undefined if it would not fit or the shape has no template. */
  static of(shape: Shape, start: number, limit: number): PackedImage | undefined {
    const template = templateOf(shape)
    if (template === undefined || template.bytes.length + shape.width > limit - start) return
    return new PackedImage(shape, template, start, limit)
  }

  private constructor(shape: Shape, template: Template, start: number, limit: number) {
    const { width } = shape
    this.shape = shape
    this.start = start
    this.limit = limit
    this.values = new Array(width).fill(null)
    this.starts = new Int32Array(width)
    this.ends = new Int32Array(width)
    this.misses = new Uint8Array(width)
    this.paths = pathsOf(shape)
    let [at, from] = [start, 0]
    for (const [i, length] of template.lengths.entries()) {
      at += template.bytes.copy(bytes, at, from, from + length)
      from += length
      this.starts[i] = at
      at = writeNil(at)
      this.ends[i] = at
    }
    this.end = at
  }

  /** Begins a new map. @param isCached whether its values are read when it is packed */
  begin(isCached: boolean): void {
    this.isCached = isCached
    this.isWhole = true
    this.taken = 0
  }

  /** Puts a value in the place of the i-th; false if it is left out or does not fit. */
  put(i: number, value: unknown): boolean {
    begin()
    if (this.owner?.isOwn(i) === false) this.owner = undefined
    if (typeof value === 'string') return this.putText(i, value)
    if (typeof value === 'number')
      return this.place(i, writeNumber(value, DATA_OFFSET), asSmi(value))
    if (typeof value === 'boolean') return this.place(i, writeBoolean(value, DATA_OFFSET), value)
    if (value === null) return this.place(i, writeNil(DATA_OFFSET), null)
    return typeof value === 'object' && this.putOther(i, value)
  }

  private putText(i: number, value: string): boolean {
    const end = writeString(value, DATA_OFFSET)
    if (!this.place(i, end, UNKNOWN)) return false
    const isLearned = (this.misses[i] as number)++ % LEARN_EVERY === 0
    if (isLearned) this.values[i] = interned(writtenText(value.length, end))
    else if (this.isCached) this.values[i] = writtenText(value.length, end)
    if (this.isCached) this.taken += textCost(value.length)
    return true
  }

  /** A value that contains others, or has a type of its own. */
  private putOther(i: number, value: object): boolean {
    const path = this.paths[i] as readonly string[]
    for (let depth = 0; depth < path.length; depth++) keyPath[depth + 1] = path[depth] as string
    const end = writeOther(value, DATA_OFFSET, path.length)
    this.isWhole = false
    if (end !== OMITTED && this.place(i, end, UNKNOWN)) return true
    this.refusedSize = end === OMITTED ? OMITTED : sizeUpTo(end)
    return false
  }

  /**
   * What is left of the i-th value when one could not be put: itself, but for an object that has been
   * read meanwhile its MessagePack.
   * @param refused the index of the one that could not be put
   */
  left(refused: number, i: number, value: unknown): unknown {
    if (i > refused || typeof value !== 'object' || value === null) return value
    if (i < refused) return packedIn(this.starts[i] as number, this.ends[i] as number)
    const size = this.refusedSize
    if (size === OMITTED) return undefined
    const isWritten = size <= SOFT_END - DATA_OFFSET
    return isWritten ? packedIn(DATA_OFFSET, DATA_OFFSET + size) : new PackedValue(size, undefined)
  }

  /** Moves what was written at the data's start to the place of the i-th value. */
  private place(i: number, written: number, value: unknown): boolean {
    const width = sizeUpTo(written)
    const at = this.starts[i] as number
    const growth = width - (this.ends[i] as number) + at
    if (growth !== 0 && !this.grow(i, growth)) return false
    move(at, width)
    this.values[i] = value
    return true
  }

  /** Gives the i-th value so many more bytes, and moves what follows it. */
  private grow(i: number, growth: number): boolean {
    const { starts, ends } = this
    if (this.end + growth > this.limit) return false
    bytes.copyWithin((ends[i] as number) + growth, ends[i] as number, this.end)
    ends[i] = (ends[i] as number) + growth
    for (let k = i + 1; k < ends.length; k++) {
      starts[k] = (starts[k] as number) + growth
      ends[k] = (ends[k] as number) + growth
    }
    this.end += growth
    return true
  }
}

function packedIn(start: number, end: number): PackedValue {
  return new PackedValue(end - start, Buffer.from(bytes.subarray(start, end)))
}

function move(at: number, width: number): void {
  if (width > LOOP_LENGTH) bytes.copyWithin(at, DATA_OFFSET, DATA_OFFSET + width)
  else for (let i = 0; i < width; i++) bytes[at + i] = bytes[DATA_OFFSET + i] as number
}

/** The text that was written at the data's start, as a string of its own. */
function writtenText(length: number, end: number): string {
  if (length <= SHORT_TEXT && end === DATA_OFFSET + 1 + length) {
    return asciiText(DATA_OFFSET + 1, length)
  }
  const header = bytes[DATA_OFFSET] as number
  const start = DATA_OFFSET + (header < 0xc0 ? 1 : 1 + (1 << (header - 0xd9)))
  return bytes.toString('utf8', start, end)
}

/** The keys that lead to each value. */
function pathsOf({ keys, inner }: Shape): string[][] {
  return keys.flatMap((key, i) => {
    const nested = inner[i]
    return nested === undefined ? [[key]] : pathsOf(nested).map((path) => [key, ...path])
  })
}
