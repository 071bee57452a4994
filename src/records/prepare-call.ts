/**
 * Prepares a create or update: checks its arguments, encodes the data into the scratch buffer and sets
 * the limits beside it (see prepared-call.ts). Every form of these calls begins here.
 */
import { prepared } from '../engine/prepared-call.js'
import { encodeInPlace, packedAt } from '../msgpack/encode.js'
import {
  type CreateOptions,
  checkCreateOptions,
  checkUpdateOptions,
  type UpdateOptions,
} from '../options/call-options.js'
import { type Limit, readsOf, ttlOf } from '../options/limits.js'
import { orRevoked } from '../options/revoked.js'

/**
 * Prepares a create, whose options are named in an object or given one after the other.
 * @param dataSize the most bytes that the data may take
 * @param isCacheable whether the values are to be cached as they are created
 * @throws what `Store.create` throws for its arguments
 */
export function prepareCreate(
  data: object,
  dataSize: number,
  isCacheable: boolean,
  ttl: Limit | CreateOptions,
  silence_read: Limit,
): void {
  if (typeof ttl !== 'object' || ttl === null)
    prepare(data, dataSize, isCacheable, ttl, silence_read)
  else prepareNamed(data, dataSize, isCacheable, checkCreateOptions(ttl, silence_read))
}

/** Prepares an update, likewise. */
export function prepareUpdate(
  data: object,
  dataSize: number,
  ttl: Limit | UpdateOptions,
  silence_read: Limit,
): void {
  if (typeof ttl !== 'object' || ttl === null) prepare(data, dataSize, false, ttl, silence_read)
  else prepareNamed(data, dataSize, false, checkUpdateOptions(ttl, silence_read))
}

function prepareNamed(
  data: object,
  dataSize: number,
  isCacheable: boolean,
  { ttl, silence_read, keep, durable }: UpdateOptions,
): void {
  prepare(data, dataSize, isCacheable, ttl, silence_read)
  prepared.keep = keep === true
  prepared.durable = durable === true
}

function prepare(
  data: object,
  dataSize: number,
  isCacheable: boolean,
  ttl: Limit,
  silence_read: Limit,
): void {
  try {
    prepared.length = encodeInPlace(data, dataSize, isCacheable)
  } catch (error) {
    throw orRevoked(error, 'ERR_CRUDJT_DATA', 'The data is, or holds,', data)
  }
  prepared.start = packedAt()
  prepared.ttl = ttlOf(ttl)
  prepared.reads = readsOf(silence_read)
  prepared.keep = false
  prepared.durable = false
  prepared.isCacheable = isCacheable
}
