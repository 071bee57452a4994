/**
 * `ttl` and `silence_read`: from what a caller gives to what the engine takes. Here and only here is
 * decided what is a limit; a limit that is refused never becomes none.
 */

import { exact, READS_EXACT, TTL_EXACT } from '../engine/scratch.js'
import { type ArgumentError, rangeError, typeError } from '../errors.js'

/** A limit of a token: a positive whole number; null and undefined: no limit. */
export type Limit = number | bigint | null | undefined

/** To the engine: no limit. */
export const NONE = -1
/** To the engine: the limit is in the scratch header. */
const EXACT = -2
/** The first number that is refused for being too large. */
const TOO_LARGE = 1n << 64n
/** The largest limit that is kept: what the wire can carry. */
const LARGEST = (1n << 63n) - 1n

/**
 * A time to live in whole seconds, from 1 to 2^64 - 1; null and undefined: none. A limit that a
 * Number can't hold is put into the scratch header, so the call to the engine has to follow at once.
 * @throws RangeError for 0, negative numbers, NaN and 2^64 or more, TypeError for everything else
 *   that is no whole number; both `ERR_CRUDJT_LIMIT`
 */
export function ttlOf(value: unknown): number {
  return isUsual(value) ? value : unusual(value, 'ttl', TTL_EXACT)
}

/** A number of reads, like a ttl. */
export function readsOf(value: unknown): number {
  return isUsual(value) ? value : unusual(value, 'silence_read', READS_EXACT)
}

function isUsual(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && Number.isSafeInteger(value)
}

function unusual(value: unknown, name: string, index: number): number {
  if (value === undefined || value === null) return NONE
  const whole = wholeOf(value, name)
  if (whole <= 0n || whole >= TOO_LARGE) throw refusal(rangeError, name)
  if (whole <= Number.MAX_SAFE_INTEGER) return Number(whole)
  exact[index] = whole < LARGEST ? whole : LARGEST
  return EXACT
}

function wholeOf(value: unknown, name: string): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value !== 'number') throw refusal(typeError, name)
  if (Number.isNaN(value) || value <= 0) throw refusal(rangeError, name)
  if (!Number.isInteger(value)) throw refusal(typeError, name)
  return BigInt(value)
}

function refusal(make: typeof typeError, name: string): ArgumentError {
  return make('ERR_CRUDJT_LIMIT', `${name} should be greater than 0 and less than 2^64`)
}

/** Refuses what is neither a ttl nor an object of named options. */
export function refuseTtl(): ArgumentError {
  return refusal(typeError, 'ttl')
}
