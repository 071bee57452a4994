/**
 * Why data can't be stored, in words: which value, by its path, and what it is. The encoder leaves
 * its way through the data in `trail`; nothing here runs unless something is refused.
 */
import { types } from 'node:util'
import { type ArgumentError, looksLikeName, rangeError, typeError } from '../errors.js'

/** How many containers may be nested, the data itself counted. */
export const DEPTH_LIMIT = 128

/** The keys on the way to the value at hand; the one at index d leads out of the d-th container. */
export const trail: (string | number)[] = new Array(DEPTH_LIMIT + 1).fill('')

/** Thrown by the encoder where containers nest too deep. */
export const TOO_DEEP = new Error('too deep')

/** Thrown by the encoder where data is too big even to be counted. */
export const TOO_MUCH = new Error('too much')

/** The data is no plain object. */
export function notAHash(): ArgumentError {
  return typeError('ERR_CRUDJT_DATA', 'Must be a Hash (Object)')
}

/** The data takes more bytes than allowed; `size` undefined: more than were counted. */
export function tooLarge(limit: number, size: number | undefined): ArgumentError {
  const got = size === undefined ? 'far more' : `${size} bytes`
  const message = `Hash can not be bigger than ${limit} bytesize: it takes ${got} as MessagePack`
  return rangeError('ERR_CRUDJT_DATA_TOO_LARGE', message)
}

/** The value that the first `depth` keys of the trail lead to can't be stored. */
export function refuse(depth: number, what: string): ArgumentError {
  return typeError('ERR_CRUDJT_DATA', `${pathOf(depth)} can't be stored: it is ${what}`)
}

/** Too deep: says where the data refers to itself, if it does. */
export function refuseDepth(data: object): ArgumentError {
  const depth = circleAt(data)
  if (depth > 0) return refuse(depth, 'a circular reference')
  const message = `data can't be stored: it is nested deeper than ${DEPTH_LIMIT} levels`
  return typeError('ERR_CRUDJT_DATA', message)
}

/** At which depth the trail comes back to an object that it has passed; 0 where it doesn't. */
function circleAt(data: object): number {
  const passed = new Set<unknown>()
  let value: unknown = data
  for (let depth = 1; depth <= DEPTH_LIMIT; depth++) {
    passed.add(value)
    value = step(value, trail[depth] as string)
    if (passed.has(value)) return depth
  }
  return 0
}

function step(container: unknown, key: string): unknown {
  if (types.isMap(container)) return container.get(key)
  return (container as Record<string, unknown> | undefined)?.[key]
}

function pathOf(depth: number): string {
  let path = 'data'
  for (let i = 1; i <= depth; i++) path += stepName(trail[i] as string | number)
  return path
}

function stepName(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return looksLikeName(key) ? `.${key}` : `[a key of ${key.length} characters]`
}

/** What an object is that has no form of its own in MessagePack; undefined for all others. */
export function refusedKind(value: object): string | undefined {
  if (types.isSet(value)) return 'a Set (an Array can be stored)'
  if (types.isRegExp(value)) return 'a RegExp'
  if (types.isNativeError(value) || value instanceof Error) return 'an Error'
  if (ArrayBuffer.isView(value))
    return `a ${viewName(value)} (a Buffer or Uint8Array can be stored)`
  if (types.isAnyArrayBuffer(value)) return 'an ArrayBuffer (a Buffer or Uint8Array can be stored)'
  if (types.isPromise(value)) return 'a Promise (await it first)'
  if (types.isBoxedPrimitive(value)) return 'a primitive value in an object'
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef) {
    return 'a weak collection or reference'
  }
  if (types.isGeneratorObject(value) || types.isMapIterator(value) || types.isSetIterator(value)) {
    return 'an iterator'
  }
  return undefined
}

function viewName(value: ArrayBufferView): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}
