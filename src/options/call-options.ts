/** The named options of single calls, and the check of a token. */

import { rangeError, typeError } from '../errors.js'
import { checkOptions, isPlainObject, type OptionTable } from './check-options.js'
import { type Limit, refuseTtl } from './limits.js'

/** Waiting for the medium. */
export interface DurableOptions {
  /** Resolve only when the change is on the medium. */
  durable?: boolean | undefined
}

/** What a token is given at `create`. */
export interface CreateOptions extends DurableOptions {
  /** Seconds to live, at least 1; left out, null or undefined: no limit. */
  ttl?: number | bigint | null | undefined
  /** Reads until the token is used up, at least 1; left out, null or undefined: no limit. */
  silence_read?: number | bigint | null | undefined
}

/** What a token is given at `update`. */
export interface UpdateOptions extends CreateOptions {
  /** Keep the limits that are not named; else leaving a limit out removes it. */
  keep?: boolean | undefined
}

const flag = { expected: 'true or false', isType: (value: unknown) => typeof value === 'boolean' }
// The limits have checks of their own, with texts of their own.
const limit = { expected: 'a whole number greater than 0', isType: () => true }

const DELETE: OptionTable = { durable: flag }
const CREATE: OptionTable = { ttl: limit, silence_read: limit, durable: flag }
const UPDATE: OptionTable = { ...CREATE, keep: flag }

/** @throws TypeError `ERR_CRUDJT_OPTION`, or `ERR_CRUDJT_LIMIT` if it is no object of options */
export function checkCreateOptions(given: object, beside: unknown): CreateOptions {
  return checkNamed(given, beside, CREATE)
}

/** @throws TypeError `ERR_CRUDJT_OPTION`, or `ERR_CRUDJT_LIMIT` if it is no object of options */
export function checkUpdateOptions(given: object, beside: unknown): UpdateOptions {
  return checkNamed(given, beside, UPDATE)
}

/**
 * The options of a create, named in an object or given as limits one after the other.
 * @throws what `checkCreateOptions` throws; limits are not looked at
 */
export function createOptionsOf(ttl: Limit | CreateOptions, silence_read: Limit): CreateOptions {
  return isNamed(ttl) ? checkCreateOptions(ttl, silence_read) : { ttl, silence_read }
}

/** The same of an update. */
export function updateOptionsOf(ttl: Limit | UpdateOptions, silence_read: Limit): UpdateOptions {
  return isNamed(ttl) ? checkUpdateOptions(ttl, silence_read) : { ttl, silence_read }
}

function isNamed<T extends object>(ttl: Limit | T): ttl is T {
  return typeof ttl === 'object' && ttl !== null
}

/** @throws TypeError `ERR_CRUDJT_OPTION` */
export function checkDeleteOptions(given: unknown): DurableOptions {
  checkOptions(given, DELETE)
  return given as DurableOptions
}

function checkNamed(given: object, beside: unknown, table: OptionTable): UpdateOptions {
  if (!isPlainObject(given)) throw refuseTtl()
  checkOptions(given, table)
  if (beside !== undefined && beside !== null) {
    throw typeError('ERR_CRUDJT_OPTION', "Option 'silence_read': expected among the named options")
  }
  return given
}

/**
 * @throws TypeError `ERR_CRUDJT_TOKEN` if it is no string, RangeError `ERR_CRUDJT_TOKEN` if it is
 *   empty; any other string is a token, though maybe of nobody
 */
export function checkToken(token: unknown): asserts token is string {
  if (typeof token !== 'string') throw typeError('ERR_CRUDJT_TOKEN', 'token must be a String')
  if (token.length === 0) throw rangeError('ERR_CRUDJT_TOKEN', "token can't be blank")
}
