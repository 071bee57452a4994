/**
 * Errors for data that cannot be stored: which value, by its path, and what it is. The encoder records
 * its path through the data in `keyPath`; nothing else here runs unless data is refused.
 */
import { types } from 'node:util'
import { type ArgumentError, looksLikeName, rangeError, typeError } from '../errors.js'

/** How many containers may be nested, the data itself included. */
export const DEPTH_LIMIT = 128

/** The keys that lead to the value being encoded: at index d the key in the container at depth d. */
export const keyPath: (string | number)[] = new Array(DEPTH_LIMIT + 1).fill('')

/** Thrown by the encoder where containers nest too deep. */
export const TOO_DEEP = new Error('too deep')

/** Thrown by the encoder where data is too large even to be measured. */
export const TOO_LARGE = new Error('too large')

/** The most that `max_data_size` can be, and what suffices for most sessions. */
const [LARGEST, USUAL] = [65_536, 16_384]

/** The data is not an object of key-value pairs. */
export function notAHash(): ArgumentError {
  return typeError('ERR_CRUDJT_DATA', 'Must be a Hash (Object)')
}

/** The data takes more bytes than allowed; `size` is undefined where it was not measured to the end. */
export function tooLarge(limit: number, size: number | undefined): ArgumentError {
  const got = size === undefined ? 'far more' : `${size} bytes`
  const message = `Hash can not be bigger than ${limit} bytesize: it takes ${got} as MessagePack`
  return rangeError('ERR_CRUDJT_DATA_TOO_LARGE', `${message}; ${remedy(size)}`)
}

function remedy(size: number | undefined): string {
  if (size === undefined || size > LARGEST)
    return `store less: max_data_size can be ${LARGEST} at most`
  return `store less, or raise the store's max_data_size (to ${Math.max(size, USUAL)}, say)`
}

/** The value that the first `depth` keys of `keyPath` lead to cannot be stored. */
export function notStorable(depth: number, what: string): ArgumentError {
  return typeError('ERR_CRUDJT_DATA', `${pathOf(depth)} can't be stored: it is ${what}`)
}

/** Nested too deep: names the circular reference, if that is why. */
export function nestedTooDeep(data: object): ArgumentError {
  const depth = circularDepth(data)
  if (depth > 0) return notStorable(depth, 'a circular reference')
  const message = `data can't be stored: it is nested deeper than ${DEPTH_LIMIT} levels`
  return typeError('ERR_CRUDJT_DATA', message)
}

/** The depth at which `keyPath` returns to an object that it has visited; 0 if it never does. */
function circularDepth(data: object): number {
  const visited = new Set<unknown>()
  let value: unknown = data
  for (let depth = 1; depth <= DEPTH_LIMIT; depth++) {
    visited.add(value)
    value = valueAt(value, keyPath[depth] as string)
    if (typeof value !== 'object' || value === null) return 0
    if (visited.has(value)) return depth
  }
  return 0
}

/** Runs no getter a second time: behind one, and in a Proxy, nothing is found. */
function valueAt(container: unknown, key: string): unknown {
  if (types.isMap(container)) return container.get(key)
  if (types.isProxy(container)) return undefined
  return Object.getOwnPropertyDescriptor(container, key)?.value
}

function pathOf(depth: number): string {
  let path = 'data'
  for (let i = 1; i <= depth; i++) path += accessor(keyPath[i] as string | number)
  return path
}

function accessor(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return looksLikeName(key) ? `.${key}` : `[a key of ${key.length} characters]`
}

/** What an object is that has no representation in MessagePack; undefined for all others. */
export function unsupportedKind(value: object): string | undefined {
  if (types.isSet(value)) return 'a Set (an Array can be stored)'
  if (types.isRegExp(value)) return 'a RegExp'
  if (types.isNativeError(value) || value instanceof Error) return 'an Error'
  if (ArrayBuffer.isView(value)) return `a ${tagOf(value)} (a Buffer or Uint8Array can be stored)`
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

/** What an object of a built-in class is that has no properties of its own. */
export function emptyKind(value: object): string {
  return `a ${tagOf(value)} without properties of its own`
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}
