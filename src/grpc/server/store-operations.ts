/**
 * The operations that a master carries out for its clients, on bytes that may be anything: checked in
 * one walk, handed to the engine and answered without being decoded. An answer is a promise only
 * where the engine is over its budget.
 */

import type { Served } from '../../api/local-store.js'
import { DeferredArguments } from '../../engine/deferred-arguments.js'
import { ABSENT, BUSY, NO_SLOT } from '../../engine/native.js'
import { DATA_OFFSET, bytes as shared } from '../../engine/scratch.js'
import { type ArgumentError, rangeError, typeError } from '../../errors.js'
import { DEPTH_LIMIT, notAHash, tooLarge } from '../../msgpack/data-errors.js'
import { checkToken } from '../../options/call-options.js'
import { type Limit, NONE, readsOf, ttlOf } from '../../options/limits.js'
import { wireSize } from '../../options/store-options.js'
import { Backups, type Counters } from './backups.js'

/** What `Hot.measure` says of bytes that are no data. */
const NOT_MAP = -2
const TOO_DEEP = -3

/** Where in a message data lies, from somebody who may send anything. */
export interface DataRange {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
}

/** A limit as it comes over the wire: -1 is none. */
export type WireLimit = number | bigint

/** The operations on one store. */
export class StoreOperations {
  private readonly served: Served
  private readonly wireSize: number
  private readonly backups: Backups

  constructor(served: Served) {
    this.served = served
    this.wireSize = wireSize(served.dataSize)
    this.backups = new Backups(served)
  }

  /** @throws TypeError, RangeError `ERR_CRUDJT_DATA`, `ERR_CRUDJT_DATA_TOO_LARGE`, `ERR_CRUDJT_LIMIT` */
  create(data: DataRange, ttl: WireLimit, reads: WireLimit): string | Promise<string> {
    const { engine, room } = this.served
    const length = this.take(data)
    const seconds = limitOf(ttl, 'ttl', ttlOf)
    const times = limitOf(reads, 'silence_read', readsOf)
    const token = room.isFree ? engine.create(DATA_OFFSET, length, seconds, times, NO_SLOT) : BUSY
    if (token !== BUSY) return token
    const packed = new DeferredArguments(length, seconds, times)
    return room.join(() => {
      packed.restore()
      return engine.create(DATA_OFFSET, packed.length, packed.ttl, packed.reads, NO_SLOT)
    })
  }

  /**
   * @param found what is answered of data of this length in the scratch buffer; called at once
   * @throws RangeError `ERR_CRUDJT_TOKEN`
   */
  read<T>(token: string, found: (length: number) => T, absent: T): T | Promise<T> {
    checkToken(token)
    const attempt = () => {
      const length = this.served.engine.fetch(token)
      if (length === BUSY) return BUSY
      return length === ABSENT ? absent : found(length)
    }
    const answer = attempt()
    return answer === BUSY ? this.served.room.join(attempt) : answer
  }

  /** @throws what `create` and `read` throw */
  update(
    token: string,
    data: DataRange,
    ttl: WireLimit,
    reads: WireLimit,
    keep: boolean,
  ): boolean | Promise<boolean> {
    const { engine, room } = this.served
    checkToken(token)
    const length = this.take(data)
    const seconds = limitOf(ttl, 'ttl', ttlOf)
    const times = limitOf(reads, 'silence_read', readsOf)
    const done = room.isFree
      ? engine.update(token, DATA_OFFSET, length, seconds, times, keep)
      : BUSY
    if (done !== BUSY) return done === 1
    const packed = new DeferredArguments(length, seconds, times)
    const later = room.join(() => {
      packed.restore()
      return engine.update(token, DATA_OFFSET, packed.length, packed.ttl, packed.reads, keep)
    })
    return later.then((answer) => answer === 1)
  }

  /** @throws RangeError `ERR_CRUDJT_TOKEN` */
  remove(token: string): boolean | Promise<boolean> {
    const { engine, room } = this.served
    checkToken(token)
    const done = room.isFree ? engine.remove(token) : BUSY
    if (done !== BUSY) return done === 1
    return room.join(() => engine.remove(token)).then((answer) => answer === 1)
  }

  /** Resolves when every operation answered before is on the medium. */
  flush(): Promise<void> {
    return this.served.flusher.flush()
  }

  /** The store's counters; those that are not known yet are left out. */
  async stats(): Promise<Counters> {
    const counters = Object.entries(await this.served.stats())
    return counters.filter((counter): counter is [string, number] => counter[1] !== undefined)
  }

  /** The store's folder: where a ticket for a backup is to be put. */
  get folder(): string {
    return this.backups.folder
  }

  /** See `Backups.tell`. */
  backup(ticket: string): Counters {
    return this.backups.tell(ticket)
  }

  /** The most bytes that data may take in the most compact encoding. */
  get dataSize(): number {
    return this.served.dataSize
  }

  /** Puts data that somebody packed into the scratch buffer, if it may be stored. */
  private take({ bytes, from, to }: DataRange): number {
    const { engine, dataSize } = this.served
    const length = to - from
    if (length > this.wireSize) throw tooLarge(dataSize, undefined)
    bytes.copy(shared, DATA_OFFSET, from, to)
    const size = engine.measure(length)
    if (size < 0) throw noData(size)
    if (size > dataSize) throw tooLarge(dataSize, size)
    return length
  }
}

function noData(measured: number): ArgumentError {
  if (measured === NOT_MAP) return notAHash()
  const reason =
    measured === TOO_DEEP
      ? `nested deeper than ${DEPTH_LIMIT} levels`
      : 'not one whole value of MessagePack with text in UTF-8'
  return typeError('ERR_CRUDJT_DATA', `data can't be stored: it is ${reason}`)
}

function limitOf(value: WireLimit, name: string, check: (value: Limit) => number): number {
  if (value === -1) return NONE
  if (value > 0) return check(value)
  const message = `${name} should be greater than 0 and less than 2^64: send -1 for no limit`
  throw rangeError('ERR_CRUDJT_LIMIT', message)
}
