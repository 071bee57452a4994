/** What comes back of data that was stored. */

/** UTF-8 keeps no lone surrogates. */
export const wellFormed = (value: string) => Buffer.from(value).toString()

/**
 * What comes back of a value that can be stored: neither -0 nor lone surrogates are kept, and of an
 * object with toJSON it is what that gives.
 */
export function expected(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value)
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return Array.from(value, (one) => expected(one ?? null))
  if (hasToJSON(value)) return expected(value.toJSON())
  const entries: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value)
  const kept = entries.filter(([, one]) => one !== undefined)
  return Object.fromEntries(kept.map(([name, one]) => [wellFormed(name), expected(one)]))
}

function hasToJSON(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function'
}
