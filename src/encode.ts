/**
 * Data to MessagePack, checked and packed in one pass straight into the scratch buffer.
 *
 * The bytes are those that msgpackr writes without records and with the shortest map headers, but
 * for what must come back the same from everywhere: a BigInt of up to 32 bits takes as few bytes as
 * the Number it comes back as, a Date up to the year 2514 takes ten bytes at most, and undefined is
 * left out (nil in an array) as JSON does.
 */
import { types } from 'node:util'
import { Extension } from './extension.js'
import { keptNumber } from './kept-number.js'
import { begin, closeMap, SOFT_END, sizeUpTo, wrap, writeArrayHeader } from './pack-frame.js'
import { beginKeys, writeKey } from './pack-key.js'
import {
  fitsBigInt,
  writeBigInt,
  writeBoolean,
  writeBytes,
  writeDate,
  writeExtension,
  writeNil,
  writeNumber,
} from './pack-leaf.js'
import { writeString } from './pack-text.js'
import { addValue, beginValues, spoil, writeText } from './packed-values.js'
import {
  DEPTH_LIMIT,
  notAHash,
  refuse,
  refuseDepth,
  refusedKind,
  TOO_DEEP,
  TOO_MUCH,
  tooLarge,
  trail,
} from './refusals.js'
import { bytes, DATA_OFFSET, fill, release } from './scratch.js'

type Entries = Record<string, unknown>

/** What a writer gives back for a value that is left out. */
const LEFT_OUT = -1

const { getPrototypeOf } = Object
const plain = Object.prototype
const isOwn = plain.hasOwnProperty

/**
 * Packs data into the scratch buffer.
 * @param data what the caller wants stored
 * @param limit the most bytes it may take
 * @param isKept whether its values are asked for afterwards (see packed-values.ts)
 * @returns how many bytes it takes
 * @throws TypeError `ERR_CRUDJT_DATA` if it is no object or holds what can't be stored (naming the
 *   path), RangeError `ERR_CRUDJT_DATA_TOO_LARGE`
 */
export function encode(data: unknown, limit: number, isKept = false): number {
  if (typeof data !== 'object' || data === null) throw notAHash()
  const isPlain = getPrototypeOf(data) === plain
  if (!isPlain && !isHash(data)) throw notAHash()
  fill()
  try {
    const start = begin()
    beginKeys()
    beginValues(isKept)
    const end = isPlain
      ? writeEntries(data as Entries, start, 1, false)
      : writeObject(data, start, 0, false)
    return checked(sizeUpTo(end), limit)
  } catch (error) {
    throw explained(error, data, limit)
  } finally {
    release()
  }
}

function isHash(data: object): boolean {
  if (Array.isArray(data) || types.isDate(data) || types.isMap(data)) return false
  return !types.isUint8Array(data) && refusedKind(data) === undefined
}

/** toJSON can still have made something else of the data than a map. */
function checked(size: number, limit: number): number {
  if (size > limit) throw tooLarge(limit, size)
  const code = bytes[DATA_OFFSET] as number
  if ((code & 0xf0) !== 0x80 && code !== 0xde && code !== 0xdf) throw notAHash()
  return size
}

function explained(error: unknown, data: object, limit: number): unknown {
  if (error === TOO_DEEP) return refuseDepth(data)
  if (error === TOO_MUCH) return tooLarge(limit, undefined)
  return error
}

/** The own enumerable properties of an object as the container number `depth`. */
function writeEntries(object: Entries, start: number, depth: number, converted: boolean): number {
  if (depth > DEPTH_LIMIT) throw TOO_DEEP
  let at = start + 1
  let count = 0
  for (const key in object) {
    // Costs nothing: the compiler knows the answer while the loop runs over the object's own shape.
    if (!isOwn.call(object, key)) continue
    const value = object[key]
    if (value === undefined) continue
    if (at > SOFT_END) at = wrap(at)
    const before = at
    at = writeKey(key, at, depth)
    if (typeof value === 'string') at = writeText(value, at)
    else if (typeof value === 'number') {
      at = writeNumber(value, at)
      addValue(keptNumber(value))
    } else if (typeof value === 'boolean') {
      at = writeBoolean(value, at)
      addValue(value)
    } else {
      trail[depth] = key
      if (!converted && key === 'toJSON' && typeof value === 'function') {
        return writeConverted(object, start, depth - 1)
      }
      at = writeOther(value, at, depth)
      if (at === LEFT_OUT) {
        at = before
        continue
      }
    }
    if (key === '__proto__') throw refuseKey(key, depth)
    count++
  }
  // Nothing behind the key of an empty map tells that it is one.
  if (count === 0) spoil()
  return closeMap(start, at, count)
}

function refuseKey(key: string, depth: number): Error {
  trail[depth] = key
  return refuse(depth, 'a key that would change the prototype of the object')
}

/** Any value; LEFT_OUT for undefined. */
function writeValue(value: unknown, at: number, depth: number): number {
  if (typeof value === 'string') return writeString(value, at)
  if (typeof value === 'number') return writeNumber(value, at)
  if (typeof value === 'boolean') return writeBoolean(value, at)
  if (value === undefined) return LEFT_OUT
  return writeOther(value, at, depth)
}

function writeOther(value: unknown, at: number, depth: number): number {
  if (value === null) {
    addValue(null)
    return writeNil(at)
  }
  if (typeof value === 'object') {
    return getPrototypeOf(value) === plain
      ? writeEntries(value as Entries, at, depth + 1, false)
      : writeObject(value, at, depth, false)
  }
  spoil()
  if (typeof value !== 'bigint') throw refuse(depth, `a ${typeof value}`)
  if (!fitsBigInt(value)) throw refuse(depth, 'a BigInt of more than 64 bits')
  return writeBigInt(value, at)
}

/** An object of any kind; `converted` where it came from toJSON, which is asked only once. */
function writeObject(value: object, at: number, depth: number, converted: boolean): number {
  spoil()
  const prototype = getPrototypeOf(value)
  if (prototype === plain || prototype === null) {
    return writeEntries(value as Entries, at, depth + 1, converted)
  }
  if (Array.isArray(value)) return writeArray(value, at, depth + 1)
  if (types.isDate(value)) return writeValidDate(value, at, depth)
  if (types.isUint8Array(value)) return writeBytes(value, at)
  if (!converted && hasToJSON(value)) return writeConverted(value, at, depth)
  if (types.isMap(value)) return writeMap(value, at, depth + 1)
  if (value instanceof Extension) return writeExtension(value.type, value.data, at)
  const kind = refusedKind(value)
  if (kind !== undefined) throw refuse(depth, kind)
  return writeEntries(value as Entries, at, depth + 1, true)
}

function hasToJSON(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function'
}

/** What an object's toJSON makes of it. */
function writeConverted(object: object, at: number, depth: number): number {
  spoil()
  const { toJSON } = object as { toJSON(key: string): unknown }
  const value = toJSON.call(object, String(depth === 0 ? '' : trail[depth]))
  if (typeof value !== 'object' || value === null) return writeValue(value, at, depth)
  return writeObject(value, at, depth, true)
}

function writeArray(values: readonly unknown[], start: number, depth: number): number {
  if (depth > DEPTH_LIMIT) throw TOO_DEEP
  const count = values.length
  let at = writeArrayHeader(count, start)
  for (let i = 0; i < count; i++) {
    if (at > SOFT_END) at = wrap(at)
    trail[depth] = i
    const end = writeValue(values[i], at, depth)
    at = end === LEFT_OUT ? writeNil(at) : end
  }
  return at
}

/** A Map as the object with the same keys. */
function writeMap(map: Map<unknown, unknown>, start: number, depth: number): number {
  if (depth > DEPTH_LIMIT) throw TOO_DEEP
  let at = start + 1
  let count = 0
  for (const [given, value] of map) {
    if (at > SOFT_END) at = wrap(at)
    const key = mapKey(given, map, depth)
    trail[depth] = key
    const end = writeValue(value, writeString(key, at), depth)
    if (end === LEFT_OUT) continue
    at = end
    count++
  }
  return closeMap(start, at, count)
}

/** A Map's key as an object's: text, or a number that no other key looks like. */
function mapKey(key: unknown, map: Map<unknown, unknown>, depth: number): string {
  const text = typeof key === 'number' ? String(key) : key
  if (typeof text !== 'string') throw refuse(depth - 1, `a Map with a key that is a ${typeof key}`)
  if (text === '__proto__') throw refuseKey(text, depth)
  if (text !== key && map.has(text)) throw refuse(depth - 1, `a Map with the key ${key} twice`)
  return text
}

function writeValidDate(date: Date, at: number, depth: number): number {
  if (Number.isNaN(date.getTime())) throw refuse(depth, 'an invalid Date')
  return writeDate(date, at)
}
