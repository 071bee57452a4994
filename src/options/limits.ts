/**
 * The limits `ttl` and `silence_read`: validates what the caller gave and converts it to what the
 * engine takes. This is the only place that decides what a valid limit is; an invalid limit is refused
 * and never treated as no limit.
 */

import { EXACT_LIMIT, NO_LIMIT } from '../engine/native.js'
import { exact, READS_EXACT, TTL_EXACT } from '../engine/scratch.js'
import { type ArgumentError, rangeError, typeError } from '../errors.js'
import { kindOf } from './check-options.js'

/** A limit of a token: a positive whole number, or null or undefined for no limit. */
export type Limit = number | bigint | null | undefined

/** The smallest number that is refused as too large. */
const TOO_LARGE = 1n << 64n
/** Larger limits are stored as this one, the largest that the wire carries. */
const LARGEST = (1n << 63n) - 1n

/**
 * Converts a time to live in whole seconds, from 1 to 2^64 - 1; null and undefined mean none. A BigInt
 * that a Number cannot hold is put into the scratch header, so the call to the engine must follow at
 * once. A Number is stored as 2^53 - 1 at most, so that it is read as a Number.
 * @throws RangeError `ERR_CRUDJT_LIMIT` for 0, negative numbers, NaN, and 2^64 or more; TypeError
 *   `ERR_CRUDJT_LIMIT` for everything else that is not a whole number
 */
export function ttlOf(value: unknown): number {
  return isUsual(value) ? value : unusual(value, 'ttl', TTL_EXACT)
}

/** Converts a number of reads, as `ttlOf` does a ttl. */
export function readsOf(value: unknown): number {
  return isUsual(value) ? value : unusual(value, 'silence_read', READS_EXACT)
}

function isUsual(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && Number.isSafeInteger(value)
}

function unusual(value: unknown, name: string, index: number): number {
  if (value === undefined || value === null) return NO_LIMIT
  const whole = wholeOf(value, name)
  if (whole <= 0n || whole >= TOO_LARGE) throw outOfRange(name)
  if (whole <= Number.MAX_SAFE_INTEGER) return Number(whole)
  if (typeof value === 'number') return Number.MAX_SAFE_INTEGER
  exact[index] = whole < LARGEST ? whole : LARGEST
  return EXACT_LIMIT
}

function wholeOf(value: unknown, name: string): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value !== 'number') throw notWhole(name, value)
  if (Number.isNaN(value) || value <= 0) throw outOfRange(name)
  if (!Number.isInteger(value)) throw notWhole(name, value)
  return BigInt(value)
}

function outOfRange(name: string): ArgumentError {
  return rangeError('ERR_CRUDJT_LIMIT', rangeText(name))
}

/** Never shows a text: it might be a token or a key in the wrong place. */
function notWhole(name: string, value: unknown, or = ''): ArgumentError {
  const unit = name === 'ttl' ? 'seconds' : 'reads'
  const expected = `expected a whole number of ${unit}${or}, got ${kindOf(value)}`
  return typeError('ERR_CRUDJT_LIMIT', `${rangeText(name)}: ${expected}`)
}

function rangeText(name: string): string {
  return `${name} should be greater than 0 and less than 2^64`
}

/** The error for a second argument that is neither a ttl nor a plain object of named options. */
export function refuseTtl(value: unknown): ArgumentError {
  return notWhole('ttl', value, ' or a plain object of options')
}
