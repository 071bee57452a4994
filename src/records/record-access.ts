/**
 * The four calls as single attempts: each makes one call to the engine, decodes its answer, and keeps
 * decoded records in a cache. BUSY, where the engine did nothing, is passed on to whoever waits.
 */
import type { Engine } from '../engine/engine.js'
import {
  ABSENT,
  BUSY,
  FIRST_READ_LOW,
  NO_LIMIT,
  NO_SLOT,
  NO_SLOT_HIGH,
  OCCUPIED_LOW,
  UNCHANGED,
  UNCHANGED_SLOT,
} from '../engine/native.js'
import { prepared } from '../engine/prepared-call.js'
import { ensureFree, SLOT_HIGH, SLOT_LOW, words } from '../engine/scratch.js'
import { decodedBytes, decodeMap } from '../msgpack/decode.js'
import { bringToFront, lastImage } from '../msgpack/encode.js'
import type { Shape } from '../msgpack/shapes/index.js'
import type { DecodedCache } from './decoded-cache.js'
import { type Session, sessionWith } from './session.js'

/** The values of the record at hand; for V8 the same kind of array as the rows of the cache. */
const values: unknown[] = new Array(64).fill(undefined)

/** The slot in which the record that was read is cached. */
const slotLow = () => words[SLOT_LOW] as number
const slotHigh = () => words[SLOT_HIGH] as number

/** One attempt at each call, on one store. */
export class RecordAccess {
  private readonly engine: Engine
  private readonly cache: DecodedCache

  constructor(engine: Engine, cache: DecodedCache) {
    this.engine = engine
    this.cache = cache
  }

  /** Creates what was prepared. */
  create(): string | typeof BUSY {
    const { start, length, ttl, reads } = prepared
    // Each value takes two bytes at least, with its key.
    const slot =
      prepared.isCacheable && reads === NO_LIMIT ? this.cache.reserve(length >> 1) : NO_SLOT
    const token = this.engine.create(start, length, ttl, reads, slot)
    if (slot !== NO_SLOT && token !== BUSY) this.cacheCreated(length)
    return token
  }

  /** Reads a checked token. */
  read(token: string): Session | null | typeof BUSY {
    ensureFree()
    const answer = this.engine.read(token)
    if (answer <= UNCHANGED_SLOT) return { data: this.cached(UNCHANGED_SLOT - answer, 0) }
    if (answer === UNCHANGED) return sessionWith(this.cached(slotLow(), slotHigh()))
    if (answer >= 0) return this.decode(answer)
    return answer === BUSY ? BUSY : null
  }

  /**
   * Reads a checked token without decoding its data.
   * @param found gets the length of the data in the scratch buffer, at once
   */
  readPacked<T>(token: string, found: (length: number) => T, absent: T): T | typeof BUSY {
    const length = this.engine.fetch(token)
    if (length === BUSY) return BUSY
    return length === ABSENT ? absent : found(length)
  }

  /** Updates a checked token with what was prepared. */
  update(token: string): boolean | typeof BUSY {
    const { start, length, ttl, reads, keep } = prepared
    const answer = this.engine.update(token, start, length, ttl, reads, keep)
    return answer === BUSY ? BUSY : answer === 1
  }

  /**
   * Deletes a checked token. Its cached record stays until its row is evicted: the engine never calls
   * it unchanged again.
   */
  remove(token: string): boolean | typeof BUSY {
    ensureFree()
    const answer = this.engine.remove(token)
    return answer === BUSY ? BUSY : answer === 1
  }

  private cached(low: number, high: number): Record<string, unknown> {
    return this.cache.data(low, high)
  }

  private decode(length: number): Session {
    const shape = decodeMap(length, values, 0)
    this.cacheRead(shape, slotLow(), slotHigh())
    return sessionWith(shape.build(values, 0))
  }

  /** What is read for the first time evicts nothing: a scan would evict everything else. */
  private cacheRead(shape: Shape, low: number, high: number): void {
    const isNew = high === NO_SLOT_HIGH
    if (isNew && (low === OCCUPIED_LOW || (low === FIRST_READ_LOW && !this.cache.hasRoom))) return
    const slot = isNew
      ? this.cache.add(shape, values, decodedBytes())
      : this.cache.replace(low, high, shape, values, decodedBytes())
    if (slot !== NO_SLOT) this.engine.keep(slot)
  }

  /** Caches the record that was just created in the slot reserved for it: new tokens are read soon. */
  private cacheCreated(length: number): void {
    const { cache } = this
    const image = lastImage()
    if (image !== undefined) {
      cache.fillFrom(image)
      return
    }
    bringToFront(length)
    const shape = decodeMap(length, values, 0)
    cache.fill(shape, values, decodedBytes())
  }
}
