/**
 * The packed form of a map of one shape, kept in a part of the scratch buffer of its own: for the
 * next map of that shape only the values that are others are written.
 *
 * Invariants: the bytes from `start` to `end` are the MessagePack of a map of the shape whose values
 * are those in `values`, where they are known; a value that could not be put changes nothing; no
 * string of the caller's is kept, for it may be a part of a much longer one.
 */

import { bytes, DATA_OFFSET } from '../../engine/scratch.js'
import { trail } from '../data-errors.js'
import { begin, sizeUpTo } from '../frame.js'
import { asciiText, SHORT_TEXT, SHORT_TEXT_COST, TEXT_COST } from '../read-text.js'
import { writeBoolean, writeNil, writeNumber } from '../write-scalar.js'
import { writeString } from '../write-text.js'
import { LEFT_OUT, writeOther } from '../write-value.js'
import { interned } from './interned.js'
import { frozenNumber } from './kept-number.js'
import type { Shape } from './shape.js'
import { type SharedValues, sharedValuesFor } from './shared-values.js'
import { type Template, templateOf } from './template.js'

/** A place keeps a new text with every so many that are not the one it has. */
const PATIENCE = 8
/** Up to this many bytes a loop beats the native copy. */
const LOOP_LENGTH = 32

/** Instead of a value: the bytes are of one that was not kept. Equal to nothing of a caller's. */
const UNKNOWN = Symbol('unknown')

/** Where an image lies and what is in it. */
export class PackedImage {
  readonly shape: Shape
  readonly start: number
  /** The values, in their kept form (see frozen-value.ts). */
  readonly values: unknown[]
  end: number
  /** Whether all values put since `begin` are known: none holds other values. */
  isWhole = true
  /** Bytes of memory that the texts put since `begin` take. */
  taken = 0

  private readonly limit: number
  private readonly begins: Int32Array
  private readonly ends: Int32Array
  private readonly misses: Uint8Array
  private readonly paths: readonly (readonly string[])[]
  private isWanted = false
  /** The pattern that the values fit, if that is known. */
  private pattern: SharedValues | undefined = undefined

  /** An image of nulls. Undefined where it has no room, or the shape no template. */
  static of(shape: Shape, start: number, limit: number): PackedImage | undefined {
    const template = templateOf(shape)
    if (template === undefined || template.bytes.length + shape.width > limit - start) return
    return new PackedImage(shape, template, start, limit)
  }

  private constructor(
    shape: Shape,
    { bytes: leads, lengths }: Template,
    start: number,
    limit: number,
  ) {
    const { width } = shape
    this.shape = shape
    this.start = start
    this.limit = limit
    this.values = new Array(width).fill(null)
    this.begins = new Int32Array(width)
    this.ends = new Int32Array(width)
    this.misses = new Uint8Array(width)
    this.paths = pathsOf(shape)
    let [at, from] = [start, 0]
    for (let i = 0; i < width; i++) {
      at += leads.copy(bytes, at, from, from + (lengths[i] as number))
      from += lengths[i] as number
      this.begins[i] = at
      at = writeNil(at)
      this.ends[i] = at
    }
    this.end = at
  }

  /** What comes is a new map. @param wanted whether its values are asked for when it is packed */
  begin(wanted: boolean): void {
    this.isWanted = wanted
    this.isWhole = true
    this.taken = 0
  }

  /** Puts a value in the place of the i-th; false if it is none that can be put. */
  put(i: number, value: unknown): boolean {
    begin()
    if (this.pattern?.isOwn(i) === false) this.pattern = undefined
    if (typeof value === 'string') return this.putText(i, value)
    if (typeof value === 'number') {
      return this.place(i, writeNumber(value, DATA_OFFSET), frozenNumber(value))
    }
    if (typeof value === 'boolean') return this.place(i, writeBoolean(value, DATA_OFFSET), value)
    if (value === null) return this.place(i, writeNil(DATA_OFFSET), null)
    return typeof value === 'object' && this.putOther(i, value)
  }

  /** The pattern that the values fit, which are all known. */
  patternNow(): SharedValues {
    if (this.pattern !== undefined) return this.pattern
    const found = sharedValuesFor(this.shape, this.values)
    if (found.isSettled) this.pattern = found
    return found
  }

  private putText(i: number, value: string): boolean {
    const end = writeString(value, DATA_OFFSET)
    if (!this.place(i, end, UNKNOWN)) return false
    const isKept = (this.misses[i] as number)++ % PATIENCE === 0
    if (isKept) this.values[i] = interned(textOf(value.length, end))
    else if (this.isWanted) this.values[i] = textOf(value.length, end)
    if (this.isWanted) this.taken += costOf(value.length)
    return true
  }

  /** A value that holds others, or is of a kind of its own. */
  private putOther(i: number, value: object): boolean {
    const path = this.paths[i] as readonly string[]
    for (let depth = 0; depth < path.length; depth++) trail[depth + 1] = path[depth] as string
    const end = writeOther(value, DATA_OFFSET, path.length)
    this.isWhole = false
    return end !== LEFT_OUT && this.place(i, end, UNKNOWN)
  }

  /** Moves what was written at the data's start to the place of the i-th value. */
  private place(i: number, written: number, kept: unknown): boolean {
    const width = sizeUpTo(written)
    const at = this.begins[i] as number
    const more = width - (this.ends[i] as number) + at
    if (more !== 0 && !this.shift(i, more)) return false
    move(at, width)
    this.values[i] = kept
    return true
  }

  /** Gives the i-th value so many bytes more. */
  private shift(i: number, more: number): boolean {
    const { begins, ends } = this
    if (this.end + more > this.limit) return false
    bytes.copyWithin((ends[i] as number) + more, ends[i] as number, this.end)
    ends[i] = (ends[i] as number) + more
    for (let k = i + 1; k < ends.length; k++) {
      begins[k] = (begins[k] as number) + more
      ends[k] = (ends[k] as number) + more
    }
    this.end += more
    return true
  }
}

function move(at: number, width: number): void {
  if (width > LOOP_LENGTH) bytes.copyWithin(at, DATA_OFFSET, DATA_OFFSET + width)
  else for (let i = 0; i < width; i++) bytes[at + i] = bytes[DATA_OFFSET + i] as number
}

/** The text that was written at the data's start, as a string of its own. */
function textOf(length: number, end: number): string {
  if (length <= SHORT_TEXT && end === DATA_OFFSET + 1 + length) {
    return asciiText(DATA_OFFSET + 1, length)
  }
  const header = bytes[DATA_OFFSET] as number
  const start = DATA_OFFSET + (header < 0xc0 ? 1 : 1 + (1 << (header - 0xd9)))
  return bytes.toString('utf8', start, end)
}

function costOf(length: number): number {
  return length <= SHORT_TEXT ? SHORT_TEXT_COST + length : TEXT_COST + 2 * length
}

/** The keys that lead to each value. */
function pathsOf({ keys, inner }: Shape): string[][] {
  return keys.flatMap((key, i) => {
    const shape = inner[i]
    return shape === undefined ? [[key]] : pathsOf(shape).map((path) => [key, ...path])
  })
}
