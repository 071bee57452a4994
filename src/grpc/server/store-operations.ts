/**
 * The operations that a master runs for its clients' unary calls. Their data is untrusted: it is validated
 * in one pass and stored without being decoded. A result is a promise only if the engine is over its
 * memory budget.
 */
import { NO_LIMIT } from '../../engine/native.js'
import { prepared } from '../../engine/prepared-call.js'
import { DATA_OFFSET, bytes as shared } from '../../engine/scratch.js'
import { type ArgumentError, rangeError, typeError } from '../../errors.js'
import { DEPTH_LIMIT, notAHash, tooLarge } from '../../msgpack/data-errors.js'
import { checkToken } from '../../options/call-options.js'
import { type Limit, readsOf, ttlOf } from '../../options/limits.js'
import { wireSize } from '../../options/store-options.js'
import type { Int64 } from '../wire/protobuf.js'
import type { Served } from './served.js'

/** What `Hot.measure` returns for invalid data. */
const NOT_MAP = -2
const TOO_DEEP = -3

/** Where untrusted data is in a message. */
export interface DataRange {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
}

/** The operations on one store. */
export class StoreOperations {
  private readonly wireSize: number

  constructor(private readonly served: Served) {
    this.wireSize = wireSize(served.dataSize)
  }

  /** @throws TypeError, RangeError `ERR_CRUDJT_DATA`, `ERR_CRUDJT_DATA_TOO_LARGE`, `ERR_CRUDJT_LIMIT` */
  create(data: DataRange, ttl: Int64, reads: Int64): string | Promise<string> {
    this.prepare(data, ttl, reads, false)
    return this.served.calls.create()
  }

  /**
   * @param found makes the result of data of this length in the scratch buffer; called synchronously
   * @throws RangeError `ERR_CRUDJT_TOKEN`
   */
  read<T>(token: string, found: (length: number) => T, absent: T): T | Promise<T> {
    checkToken(token)
    return this.served.calls.readPacked(token, found, absent)
  }

  /** @throws as `create` and `read` do */
  update(
    token: string,
    data: DataRange,
    ttl: Int64,
    reads: Int64,
    keep: boolean,
  ): boolean | Promise<boolean> {
    checkToken(token)
    this.prepare(data, ttl, reads, keep)
    return this.served.calls.update(token)
  }

  /** @throws RangeError `ERR_CRUDJT_TOKEN` */
  remove(token: string): boolean | Promise<boolean> {
    checkToken(token)
    return this.served.calls.remove(token)
  }

  /** Prepares a create or update of data that the client encoded, if it may be stored. */
  private prepare(data: DataRange, ttl: Int64, reads: Int64, keep: boolean): void {
    prepared.length = this.copyChecked(data)
    prepared.start = DATA_OFFSET
    prepared.ttl = limitOf(ttl, 'ttl', ttlOf)
    prepared.reads = limitOf(reads, 'silence_read', readsOf)
    prepared.keep = keep
    prepared.durable = false
    prepared.isCacheable = false
  }

  private copyChecked({ bytes, from, to }: DataRange): number {
    const { dataSize } = this.served
    const length = to - from
    if (length > this.wireSize) throw tooLarge(dataSize, undefined)
    bytes.copy(shared, DATA_OFFSET, from, to)
    const size = this.served.measure(length)
    if (size < 0) throw invalidData(size)
    if (size > dataSize) throw tooLarge(dataSize, size)
    return length
  }
}

function invalidData(measured: number): ArgumentError {
  if (measured === NOT_MAP) return notAHash()
  const reason =
    measured === TOO_DEEP
      ? `nested deeper than ${DEPTH_LIMIT} levels`
      : 'not one complete MessagePack value with UTF-8 text'
  return typeError('ERR_CRUDJT_DATA', `data can't be stored: it is ${reason}`)
}

function limitOf(value: Int64, name: string, check: (value: Limit) => number): number {
  if (value === -1) return NO_LIMIT
  if (value > 0) return check(value)
  const message = `${name} should be greater than 0 and less than 2^64: send -1 for no limit`
  throw rangeError('ERR_CRUDJT_LIMIT', message)
}
