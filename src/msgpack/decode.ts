/**
 * Decodes MessagePack in the scratch buffer.
 *
 * Values are decoded to their frozen form (see frozen-value.ts), of which a cache can hand out any
 * number of private copies. Everything valid is accepted, from clients in any language: an integer
 * becomes a Number if it is a safe one and a BigInt otherwise, whatever its width; a float is always a
 * Number; -0 becomes 0, bytes become a Buffer of their own, a timestamp a Date, msgpackr's undefined
 * undefined, any other extension an `Extension`. A key that is not a string becomes one.
 */

import {
  codes,
  FALSE,
  mapMatcher,
  NEW_TEXT,
  NULL,
  NUMBER,
  numbers,
  TRUE,
} from '../engine/native-outline.js'
import { bytes, DATA_OFFSET, view } from '../engine/scratch.js'
import { CRUDJTError } from '../errors.js'
import { DEPTH_LIMIT } from './data-errors.js'
import { Extension } from './extension.js'
import { copyBytes, FrozenMap, thaw } from './frozen-value.js'
import { asciiText, readShortText, SHORT_TEXT, textCost } from './read-text.js'
import { countMiss, type Shape, shapeAt, shapeOf } from './shapes/index.js'
import { asSmi } from './v8.js'

/** What an array or a nested map takes in memory beside its values. */
const CONTAINER_COST = 96
/** What one value takes in a row, beside what it refers to. */
const VALUE_COST = 8

let at = 0
let end = 0
/** Bytes of memory that the values decoded last take. */
let taken = 0

/**
 * The texts that the matcher lists by id, since most of them come again and again. Filled from the
 * start: V8 would turn a sparse array into a dictionary.
 */
const texts: string[] = new Array(NEW_TEXT).fill('')

/**
 * Decodes the map in the scratch buffer into a row of values, from an index on.
 * @param length how many bytes it takes
 * @returns its shape
 * @throws CRUDJTError `ERR_CRUDJT_DAMAGED` if the bytes are not one map of MessagePack
 */
export function decodeMap(length: number, values: unknown[], from: number): Shape {
  at = DATA_OFFSET
  end = at + length
  taken = 0
  const index = mapMatcher.outline(length)
  return index >= 0 ? readMatched(shapeAt(index), values, from) : readRecord(length, values, from)
}

/** How many bytes of memory the values decoded last take, about. */
export function decodedBytes(): number {
  return taken
}

function readMatched(shape: Shape, values: unknown[], from: number): Shape {
  const { width } = shape
  try {
    for (let i = 0; i < width; i++) {
      const code = codes[i] as number
      if (code >= 0) values[from + i] = code < NEW_TEXT ? texts[code] : learnText(code, i)
      else values[from + i] = code === NUMBER ? asSmi(numbers[i] as number) : readListed(code, i)
    }
  } catch (error) {
    // Some of the new texts were not learned.
    mapMatcher.forgetTexts()
    throw error
  }
  return shape
}

function learnText(code: number, i: number): string {
  const start = DATA_OFFSET + (numbers[i] as number)
  const length = (bytes[start] as number) & 0x1f
  taken += textCost(length)
  const text = asciiText(start + 1, length)
  texts[code - NEW_TEXT] = text
  return text
}

function readListed(code: number, i: number): unknown {
  if (code === NULL) return null
  if (code === TRUE) return true
  if (code === FALSE) return false
  at = DATA_OFFSET + (numbers[i] as number)
  return readValue(1)
}

/** A record that matches no shape. */
function readRecord(length: number, values: unknown[], from: number): Shape {
  const { keys, values: own } = readEntries(readMapHeader(), 1)
  if (at !== end) throw malformed()
  if (keys.length > 0) countMiss(mapMatcher.place(length), keys, own)
  for (let i = 0; i < keys.length; i++) values[from + i] = own[i]
  return shapeOf(keys)
}

function malformed(): Error {
  return new CRUDJTError('ERR_CRUDJT_DAMAGED', 'The record is not one value of MessagePack')
}

/** One value in its frozen form. */
function readValue(depth: number): unknown {
  const code = bytes[at++] as number
  if (code < 0x80) return code
  if (code < 0x90) return readMap(code & 0x0f, depth + 1)
  if (code < 0xa0) return readArray(code & 0x0f, depth + 1)
  if (code < 0xc0) return readText(code & 0x1f)
  if (code >= 0xe0) return code - 0x100
  return readCoded(code, depth)
}

function readCoded(code: number, depth: number): unknown {
  if (code === 0xc0) return null
  if (code === 0xc2) return false
  if (code === 0xc3) return true
  if (code < 0xc4) throw malformed()
  if (code < 0xc7) return readBytes(readLength(code - 0xc4))
  if (code < 0xca) return readExtension(readLength(code - 0xc7))
  if (code < 0xd4) return readNumber(code)
  if (code < 0xd9) return readExtension(1 << (code - 0xd4))
  if (code < 0xdc) return readText(readLength(code - 0xd9))
  if (code < 0xde) return readArray(readLength(code - 0xdb), depth + 1)
  return readMap(readLength(code - 0xdd), depth + 1)
}

function readNumber(code: number): number | bigint {
  switch (code) {
    case 0xca:
      // Adding 0 turns -0 into 0.
      return view.getFloat32(advance(4)) + 0
    case 0xcb:
      return view.getFloat64(advance(8)) + 0
    case 0xcc:
      return bytes[advance(1)] as number
    case 0xcd:
      return view.getUint16(advance(2))
    case 0xce:
      return view.getUint32(advance(4))
    case 0xcf:
      return integerOf(view.getBigUint64(advance(8)))
    case 0xd0:
      return view.getInt8(advance(1))
    case 0xd1:
      return view.getInt16(advance(2))
    case 0xd2:
      return view.getInt32(advance(4))
    default:
      return integerOf(view.getBigInt64(advance(8)))
  }
}

/** Consumes `count` bytes and returns the position of the first; throws if fewer remain. */
function advance(count: number): number {
  const start = at
  if (count > end - start) throw malformed()
  at = start + count
  return start
}

/** A length of one, two or four bytes. */
function readLength(width: number): number {
  if (width === 0) return bytes[advance(1)] as number
  return width === 1 ? view.getUint16(advance(2)) : view.getUint32(advance(4))
}

/** A Number if it is a safe integer: what it is depends on the range, not on the single value. */
function integerOf(integer: bigint): number | bigint {
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : integer
}

function readText(length: number): string {
  const start = advance(length)
  if (length === 0) return ''
  taken += textCost(length)
  const text = length <= SHORT_TEXT ? readShortText(start, length) : undefined
  return text ?? bytes.toString('utf8', start, start + length)
}

function readBytes(length: number): Buffer {
  const start = advance(length)
  taken += 2 * CONTAINER_COST + length
  return copyBytes(bytes.subarray(start, start + length))
}

function readArray(count: number, depth: number): unknown[] {
  openContainer(count, depth)
  const values: unknown[] = []
  for (let i = 0; i < count; i++) values.push(readValue(depth))
  return values
}

/** @throws if there are more values than bytes left, or containers nest too deep */
function openContainer(count: number, depth: number): void {
  // The reply of an older master has the record one level deeper.
  if (count > end - at || depth > DEPTH_LIMIT + 1) throw malformed()
  taken += CONTAINER_COST + count * VALUE_COST
}

function readMap(count: number, depth: number): FrozenMap {
  const { keys, values } = readEntries(count, depth)
  return new FrozenMap(shapeOf(keys), values)
}

function readMapHeader(): number {
  const code = bytes[advance(1)] as number
  if ((code & 0xf0) === 0x80) return code & 0x0f
  if (code === 0xde || code === 0xdf) return readLength(code - 0xdd)
  throw malformed()
}

function readEntries(count: number, depth: number): { keys: string[]; values: unknown[] } {
  openContainer(count, depth)
  const keys: string[] = []
  const values: unknown[] = []
  for (let i = 0; i < count; i++) {
    keys.push(textOfKey(readValue(depth)))
    values.push(readValue(depth))
  }
  return { keys, values }
}

/** A key of any type as text, without running code of its own: a map's `toString` may be data. */
function textOfKey(key: unknown): string {
  if (typeof key !== 'object' || key === null) return String(key)
  if (Buffer.isBuffer(key)) return key.toString('utf8')
  return JSON.stringify(thaw(key), (_, value) => (typeof value === 'bigint' ? `${value}` : value))
}

function readExtension(length: number): unknown {
  const type = view.getInt8(advance(1))
  const start = advance(length)
  if (type === TIMESTAMP) {
    const date = readDate(start, length)
    if (date !== undefined) return date
  }
  // msgpackr's undefined.
  if (type === 0 && length === 1 && bytes[start] === 0) return undefined
  return new Extension(type, copyBytes(bytes.subarray(start, start + length)))
}

const TIMESTAMP = -1

/** A timestamp; undefined if its length is invalid or a Date cannot hold it. */
function readDate(start: number, length: number): Date | undefined {
  const time = readTime(start, length)
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** Milliseconds since 1970; NaN if no timestamp has this length. */
function readTime(start: number, length: number): number {
  if (length === 4) return view.getUint32(start) * 1000
  if (length === 8) {
    const high = view.getUint32(start)
    return timeOf((high % 4) * 0x100000000 + view.getUint32(start + 4), Math.floor(high / 4))
  }
  if (length !== 12) return Number.NaN
  return timeOf(Number(view.getBigInt64(start + 4)), view.getUint32(start))
}

function timeOf(seconds: number, nanoseconds: number): number {
  return seconds * 1000 + Math.floor(nanoseconds / 1_000_000)
}
