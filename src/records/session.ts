/** What a read gives: the caller's own copy of the data, and the limits that are set. */

import { exact, header, READS_EXACT, READS_LEFT, TTL_EXACT, TTL_LEFT } from '../engine/scratch.js'
import { decodeMap } from '../msgpack/decode.js'

/**
 * The limits that are set on a token; a limit that is not set is not there. One of 2^53 or more, which
 * only a BigInt can set, is a BigInt; every other is a Number.
 */
export interface Metadata {
  /** Whole seconds left, rounded up. */
  ttl?: number | bigint
  /** Reads left after this one. */
  silence_read?: number | bigint
}

/** What `read` gives for a live token. */
export interface Session<Data = Record<string, unknown>> {
  /** There only if the token has a limit. */
  metadata?: Metadata
  /** The caller's own copy of what was stored. */
  data: Data
}

/** The session of the caller's data with the limits that the engine put into the scratch header. */
export function sessionWith(data: Record<string, unknown>): Session {
  const ttl = header[TTL_LEFT] as number
  const reads = header[READS_LEFT] as number
  if (ttl < 0 && reads < 0) return { data }
  return { metadata: metadataOf(ttl, reads), data }
}

const values: unknown[] = []

/** The session of what another process put into the scratch buffer, as the engine would have. */
export function sessionFrom(length: number): Session {
  const shape = decodeMap(length, values, 0)
  return sessionWith(shape.build(values, 0))
}

function metadataOf(ttl: number, reads: number): Metadata {
  if (reads < 0) return { ttl: leftOf(ttl, TTL_EXACT) }
  if (ttl < 0) return { silence_read: leftOf(reads, READS_EXACT) }
  return { ttl: leftOf(ttl, TTL_EXACT), silence_read: leftOf(reads, READS_EXACT) }
}

function leftOf(number: number, index: number): number | bigint {
  return number <= Number.MAX_SAFE_INTEGER ? number : (exact[index] as bigint)
}
