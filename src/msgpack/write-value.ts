/**
 * Writes values that may contain others into the scratch buffer (see frame.ts). The caller's objects are
 * checked and written in one pass: each property is read once, so a getter cannot change what was
 * checked.
 */
import { types } from 'node:util'
import {
  DEPTH_LIMIT,
  emptyKind,
  keyPath,
  notStorable,
  TOO_DEEP,
  unsupportedKind,
} from './data-errors.js'
import { type Extension, isExtension } from './extension.js'
import { closeMap, SOFT_END, wrap, writeArrayHeader } from './frame.js'
import { PackedValue } from './packed-value.js'
import {
  fitsBigInt,
  writeBigInt,
  writeBoolean,
  writeBytes,
  writeDate,
  writeExtension,
  writeNil,
  writeNumber,
  writePacked,
} from './write-scalar.js'
import { writeString } from './write-text.js'

/** The properties of an object. */
export type Entries = Record<string, unknown>

/** Instead of a position: the value is omitted. */
export const OMITTED = -1

const { getPrototypeOf } = Object
/** The prototype of plain objects. */
export const plain = Object.prototype
const isOwn = plain.hasOwnProperty
const { getTime } = Date.prototype

/** The own enumerable properties of an object, the container at `depth`. */
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
    // Optimized away: V8 knows the answer while it enumerates the object's own hidden class.
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
      keyPath[depth] = key
      if (!converted && key === 'toJSON' && typeof value === 'function') {
        const result = value.call(object, nameAt(depth - 1))
        // Of itself nothing else can come: its toJSON is a function among its values.
        if (result !== object) return writeConverted(result, start, depth - 1)
      }
      at = writeOther(value, at, depth)
      if (at === OMITTED) {
        at = before
        continue
      }
    }
    if (key === '__proto__') throw unsafeKey(key, depth)
    count++
  }
  return closeMap(start, at, count)
}

function unsafeKey(key: string, depth: number): Error {
  keyPath[depth] = key
  return notStorable(depth, 'a key that would change the prototype of the object')
}

/** Any value; OMITTED for undefined. */
function writeValue(value: unknown, at: number, depth: number): number {
  if (typeof value === 'string') return writeString(value, at)
  if (typeof value === 'number') return writeNumber(value, at)
  if (typeof value === 'boolean') return writeBoolean(value, at)
  if (value === undefined) return OMITTED
  return writeOther(value, at, depth)
}

/** Any value but a string, a number, a boolean or undefined. */
export function writeOther(value: unknown, at: number, depth: number): number {
  if (value === null) return writeNil(at)
  if (typeof value === 'object') {
    return getPrototypeOf(value) === plain
      ? writeEntries(value as Entries, at, depth + 1, false)
      : writeObject(value, at, depth, false)
  }
  if (typeof value !== 'bigint') throw notStorable(depth, `a ${typeof value}`)
  if (!fitsBigInt(value)) throw notStorable(depth, 'a BigInt of more than 64 bits')
  return writeBigInt(value, at)
}

/** An object of any kind; `converted` where it came from toJSON, which is called only once. */
export function writeObject(value: object, at: number, depth: number, converted: boolean): number {
  const prototype = getPrototypeOf(value)
  if (prototype === plain || prototype === null) {
    return writeEntries(value as Entries, at, depth + 1, converted)
  }
  if (Array.isArray(value)) return writeArray(value, at, depth + 1)
  if (types.isDate(value)) return writeValidDate(value, at, depth)
  if (types.isUint8Array(value)) return writeBytes(value, at)
  if (value instanceof PackedValue) return writePacked(value, at)
  if (!converted) {
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function') {
      return writeConverted(toJSON.call(value, nameAt(depth)), at, depth)
    }
  }
  if (types.isMap(value)) return writeMap(value, at, depth + 1)
  if (isExtension(value)) return writeValidExtension(value, at, depth)
  const kind = unsupportedKind(value)
  if (kind !== undefined) throw notStorable(depth, kind)
  const end = writeEntries(value as Entries, at, depth + 1, true)
  // What such an object holds, as Headers and Blob do, is not in its properties.
  if (end === at + 1 && Symbol.toStringTag in value) throw notStorable(depth, emptyKind(value))
  return end
}

/** The key that leads to the value at a depth, as toJSON gets it. */
function nameAt(depth: number): string {
  return String(depth === 0 ? '' : keyPath[depth])
}

/** What an object's toJSON returned. */
function writeConverted(value: unknown, at: number, depth: number): number {
  if (typeof value !== 'object' || value === null) return writeValue(value, at, depth)
  return writeObject(value, at, depth, true)
}

function writeArray(values: readonly unknown[], start: number, depth: number): number {
  if (depth > DEPTH_LIMIT) throw TOO_DEEP
  const count = values.length
  let at = writeArrayHeader(count, start)
  for (let i = 0; i < count; i++) {
    if (at > SOFT_END) at = wrap(at)
    keyPath[depth] = i
    const end = writeValue(values[i], at, depth)
    at = end === OMITTED ? writeNil(at) : end
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
    keyPath[depth] = key
    const end = writeValue(value, writeString(key, at), depth)
    if (end === OMITTED) continue
    at = end
    count++
  }
  return closeMap(start, at, count)
}

/** A Map's key as an object's: a string, or a number unless the Map also has it as a string. */
function mapKey(key: unknown, map: Map<unknown, unknown>, depth: number): string {
  const text = typeof key === 'number' ? String(key) : key
  if (typeof text !== 'string')
    throw notStorable(depth - 1, `a Map with a key of the type ${typeof key}`)
  if (text === '__proto__') throw unsafeKey(text, depth)
  if (text !== key && map.has(text))
    throw notStorable(depth - 1, 'a Map with the same key as a number and as text')
  return text
}

function writeValidDate(date: Date, at: number, depth: number): number {
  const time = getTime.call(date)
  if (Number.isNaN(time)) throw notStorable(depth, 'an invalid Date')
  return writeDate(time, at)
}

function writeValidExtension({ type, data }: Extension, at: number, depth: number): number {
  const isValid = Number.isInteger(type) && type >= -128 && type <= 127 && types.isUint8Array(data)
  if (!isValid)
    throw notStorable(depth, 'an Extension without a type of -128 to 127 or without bytes')
  return writeExtension(type, data, at)
}
