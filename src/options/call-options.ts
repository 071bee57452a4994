/** The named options of the four calls, and the check of a token. */

import { rangeError, typeError } from '../errors.js'
import { type Aliases, checkOptions, isPlainObject, type OptionTable } from './check-options.js'
import { refuseTtl } from './limits.js'

/** Whether a call waits for the disk. */
export interface DurableOptions {
  /** Resolve only when the change is on disk and survives a loss of power. */
  durable?: boolean | undefined
}

/** The named options of `create`. */
export interface CreateOptions extends DurableOptions {
  /** Seconds to live, at least 1. Left out, null or undefined: no limit. */
  ttl?: number | bigint | null | undefined
  /** Number of reads after which the token is deleted, at least 1. Left out, null or undefined: no limit. */
  silence_read?: number | bigint | null | undefined
}

/** The named options of `update`. */
export interface UpdateOptions extends CreateOptions {
  /** Keep the limits that are not given. Without it, a limit that is not given is removed. */
  keep?: boolean | undefined
}

const flag = { expected: 'true or false', isType: (value: unknown) => typeof value === 'boolean' }
// `limits.ts` checks the values of limits.
const seconds = {
  expected: 'a whole number of seconds from now, not milliseconds',
  isType: () => true,
}
const reads = { expected: 'a whole number of reads', isType: () => true }

const DELETE: OptionTable = { durable: flag }
const CREATE: OptionTable = { ttl: seconds, silence_read: reads, durable: flag }
const UPDATE: OptionTable = { ...CREATE, keep: flag }

/** What cookies, JSON Web Tokens, Redis and caches call these options. */
const ALIASES: Aliases = {
  ...named('ttl', 'maxage age ex px exat pxat exp expire expires expiresin expiresat expireat'),
  ...named('ttl', 'expireafter expireafterseconds expiry expiration lifetime validfor duration'),
  ...named('ttl', 'timeout seconds ttlms ttlseconds timetolive'),
  ...named('silence_read', 'reads maxreads readlimit limit count uses maxuses'),
}
const UPDATE_ALIASES: Aliases = { ...ALIASES, ...named('keep', 'keepttl keeplimits preserve') }

function named(name: string, aliases: string): Aliases {
  return Object.fromEntries(aliases.split(' ').map((alias) => [alias, name]))
}

/** @throws TypeError `ERR_CRUDJT_OPTION`, or `ERR_CRUDJT_LIMIT` if it is not a plain object */
export function checkCreateOptions(given: object, beside: unknown): CreateOptions {
  return checkNamed(given, beside, CREATE, ALIASES)
}

/** @throws TypeError `ERR_CRUDJT_OPTION`, or `ERR_CRUDJT_LIMIT` if it is not a plain object */
export function checkUpdateOptions(given: object, beside: unknown): UpdateOptions {
  return checkNamed(given, beside, UPDATE, UPDATE_ALIASES)
}

/**
 * Whether a delete waits until it is on disk.
 * @throws TypeError `ERR_CRUDJT_OPTION`
 */
export function isDurableDelete(options: unknown): boolean {
  if (options === undefined) return false
  return checkOptions<DurableOptions>(options, DELETE).durable === true
}

function checkNamed(
  given: object,
  beside: unknown,
  table: OptionTable,
  aliases: Aliases,
): UpdateOptions {
  if (!isPlainObject(given)) throw refuseTtl(given)
  const options = checkOptions<UpdateOptions>(given, table, aliases)
  if (beside !== undefined && beside !== null) {
    throw typeError('ERR_CRUDJT_OPTION', "Option 'silence_read': expected among the named options")
  }
  return options
}

/**
 * Any string that is not empty passes: one that is not a token of this store is simply not found.
 * @throws TypeError `ERR_CRUDJT_TOKEN` if it is not a string, RangeError `ERR_CRUDJT_TOKEN` if it is
 *   empty
 */
export function checkToken(token: unknown): asserts token is string {
  if (typeof token !== 'string') throw typeError('ERR_CRUDJT_TOKEN', 'token must be a String')
  if (token.length === 0) throw rangeError('ERR_CRUDJT_TOKEN', "token can't be blank")
}
