/**
 * Writers of values that may hold others, checked and packed in one pass: from the caller's objects
 * to MessagePack in the scratch buffer (see frame.ts).
 */
import { types } from 'node:util'
import { DEPTH_LIMIT, refuse, refusedKind, TOO_DEEP, trail } from './data-errors.js'
import { Extension } from './extension.js'
import { closeMap, SOFT_END, wrap, writeArrayHeader } from './frame.js'
import {
  fitsBigInt,
  writeBigInt,
  writeBoolean,
  writeBytes,
  writeDate,
  writeExtension,
  writeNil,
  writeNumber,
} from './write-scalar.js'
import { writeString } from './write-text.js'

/** The properties of an object. */
export type Entries = Record<string, unknown>

/** What a writer gives back for a value that is left out. */
export const LEFT_OUT = -1

const { getPrototypeOf } = Object
/** What plain objects inherit from. */
export const plain = Object.prototype
const isOwn = plain.hasOwnProperty

/** The own enumerable properties of an object as the container number `depth`. */
export function writeEntries(
  object: Entries,
  start: number,
  depth: number,
  converted: boolean,
): number {
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
    at = writeString(key, at)
    if (typeof value === 'string') at = writeString(value, at)
    else if (typeof value === 'number') at = writeNumber(value, at)
    else if (typeof value === 'boolean') at = writeBoolean(value, at)
    else {
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

export function writeOther(value: unknown, at: number, depth: number): number {
  if (value === null) return writeNil(at)
  if (typeof value === 'object') {
    return getPrototypeOf(value) === plain
      ? writeEntries(value as Entries, at, depth + 1, false)
      : writeObject(value, at, depth, false)
  }
  if (typeof value !== 'bigint') throw refuse(depth, `a ${typeof value}`)
  if (!fitsBigInt(value)) throw refuse(depth, 'a BigInt of more than 64 bits')
  return writeBigInt(value, at)
}

/** An object of any kind; `converted` where it came from toJSON, which is asked only once. */
export function writeObject(value: object, at: number, depth: number, converted: boolean): number {
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
  if (text !== key && map.has(text))
    throw refuse(depth - 1, 'a Map with the same key as a number and as text')
  return text
}

function writeValidDate(date: Date, at: number, depth: number): number {
  if (Number.isNaN(date.getTime())) throw refuse(depth, 'an invalid Date')
  return writeDate(date, at)
}
