/**
 * Tells the error of a revoked `Proxy` in an argument, from which nothing can be read, from errors that
 * the caller's own getters throw. Looks only after something has failed.
 */
import { types } from 'node:util'
import { type ErrorCode, typeError } from '../errors.js'

/** Values that one argument is searched for at most. */
const SEARCHED_MAX = 100_000

/**
 * The error to throw instead of the one that `argument` has caused.
 * @param what what the argument is, to begin a sentence
 */
export function orRevoked(
  error: unknown,
  code: ErrorCode,
  what: string,
  argument: unknown,
): unknown {
  if (!(error instanceof TypeError) || 'code' in error || !holdsRevoked(argument)) return error
  return typeError(
    code,
    `${what} a revoked Proxy, from which nothing can be read: pass what it stood for`,
  )
}

/** Whether a value is a revoked proxy, or holds one. Runs no getter. */
function holdsRevoked(argument: unknown): boolean {
  const seen = new Set<unknown>([argument])
  for (const value of seen) {
    if (typeof value !== 'object' || value === null) continue
    if (types.isProxy(value)) {
      if (isRevoked(value)) return true
      continue
    }
    for (const property of Object.values(Object.getOwnPropertyDescriptors(value))) {
      if (seen.size < SEARCHED_MAX) seen.add(property.value)
    }
  }
  return false
}

function isRevoked(proxy: object): boolean {
  try {
    Array.isArray(proxy)
    return false
  } catch {
    return true
  }
}
