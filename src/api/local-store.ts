/**
 * A store: the engine as a plain object. Calls check and pack their arguments, cross to the engine
 * once and answer from the scratch buffer, all before anything else of the program runs. Only calls
 * that the engine tells to wait, and durable ones, resolve later.
 */

import { DeferredArguments } from '../engine/deferred-arguments.js'
import { Engine } from '../engine/engine.js'
import { FlushQueue } from '../engine/flush-queue.js'
import { BUSY, NO_SLOT } from '../engine/native.js'
import { DATA_OFFSET } from '../engine/scratch.js'
import { type StoreStats, statsOf } from '../engine/stats.js'
import { WriteQueue } from '../engine/write-queue.js'
import { RemoteStore } from '../grpc/client/remote-store.js'
import { bringToFront, encodeInPlace, packedAt } from '../msgpack/encode.js'
import {
  type CreateOptions,
  checkCreateOptions,
  checkDeleteOptions,
  checkToken,
  checkUpdateOptions,
  type DurableOptions,
  type UpdateOptions,
} from '../options/call-options.js'
import type { Limit } from '../options/limits.js'
import { NONE, readsOf, ttlOf } from '../options/limits.js'
import { warn } from '../options/report.js'
import {
  type ConnectOptions,
  checkConnectOptions,
  checkStoreOptions,
  DEFAULT_DATA_SIZE,
  decodedCacheSize,
  engineOptions,
  type StoreOptions,
} from '../options/store-options.js'
import { DecodedCache, tokensWithin } from '../records/decoded-cache.js'
import { RecordAccess } from '../records/record-access.js'
import type { Session } from '../records/session.js'
import type { SessionStore } from '../session-store.js'
import { type BackupOptions, type BackupReport, checkBackup, telling } from './maintenance.js'
import { SyncCalls } from './sync-calls.js'

/** @internal The parts of a store that a master answers from. */
export interface Served {
  readonly engine: Engine
  readonly room: WriteQueue
  readonly flusher: FlushQueue
  readonly dataSize: number
  readonly path: string
  stats(): Promise<StoreStats>
  backup(target: string, options: BackupOptions): Promise<BackupReport>
}

/**
 * A store of session tokens in a folder. Keeps no process alive.
 *
 * Every call may reject (the `…Sync` forms throw) with a CRUDJTError: `ERR_CRUDJT_NOT_STARTED` once
 * the store is closed, `ERR_CRUDJT_STORAGE` or `ERR_CRUDJT_FULL` if the disk can't be read or
 * written. Mistakes in arguments are TypeErrors and RangeErrors with the codes named at each call.
 */
export class Store implements SessionStore {
  private readonly core: RecordAccess
  private readonly engine: Engine
  private readonly dataSize: number
  private readonly sync: SyncCalls
  private readonly room: WriteQueue
  private readonly flusher: FlushQueue
  private closing: Promise<void> | undefined = undefined

  private constructor(engine: Engine, options: StoreOptions) {
    const memo = new DecodedCache(decodedCacheSize(options), (slot) => engine.forgetBelow(slot))
    this.core = new RecordAccess(engine, memo)
    this.engine = engine
    this.dataSize = options.max_data_size ?? DEFAULT_DATA_SIZE
    this.sync = new SyncCalls(this.core, this.dataSize)
    this.room = new WriteQueue(() => engine.waitForRoom())
    this.flusher = new FlushQueue(() => engine.flush())
  }

  /**
   * Opens the store in a folder, which is made if missing. Opening it again in the same process, on
   * any thread, gives another handle of the same engine.
   * @throws TypeError, RangeError `ERR_CRUDJT_OPTION`, TypeError `ERR_CRUDJT_SECRET_KEY`
   * @throws CRUDJTError `ERR_CRUDJT_STORE_LOCKED` (another process has it), `ERR_CRUDJT_STORE_OPEN`
   *   (open in this process with another key or other options), `ERR_CRUDJT_UNKNOWN_KEY`,
   *   `ERR_CRUDJT_PATH`, `ERR_CRUDJT_FULL`, `ERR_CRUDJT_STORAGE`, `ERR_CRUDJT_DAMAGED`,
   *   `ERR_CRUDJT_VERSION`
   */
  static async open(options: StoreOptions): Promise<Store> {
    checkStoreOptions(options)
    const known = tokensWithin(decodedCacheSize(options))
    const engine = await Engine.open(engineOptions(options), known, options.onError ?? warn)
    return new Store(engine, options)
  }

  /**
   * Reaches the store of a master in another process. The master need not be there yet: the first
   * call waits for it, as long as `timeout_ms` allows.
   * @throws TypeError, RangeError `ERR_CRUDJT_OPTION`
   */
  static async connect(options: ConnectOptions = {}): Promise<SessionStore> {
    checkConnectOptions(options)
    return new RemoteStore(options)
  }

  /** The store's folder. */
  get path(): string {
    return this.engine.path
  }

  /** @internal What a master serves: the engine itself, its line and its flushes. */
  get served(): Served {
    const { engine, room, flusher, dataSize, path } = this
    return {
      engine,
      room,
      flusher,
      dataSize,
      path,
      stats: () => this.stats(),
      backup: (target, options) => this.backup(target, options),
    }
  }

  /**
   * Stores data under a new token.
   * @param data an object of what MessagePack can hold, up to `max_data_size` bytes of it
   * @param ttl seconds to live; or an object with `ttl`, `silence_read` and `durable`
   * @param silence_read how often it can be read
   * @returns the token, 22 characters of `A–Z a–z 0–9 - _`
   * @throws TypeError `ERR_CRUDJT_DATA`, RangeError `ERR_CRUDJT_DATA_TOO_LARGE`, TypeError or
   *   RangeError `ERR_CRUDJT_LIMIT`, TypeError `ERR_CRUDJT_OPTION`
   */
  create(data: object, ttl?: Limit | CreateOptions, silence_read?: Limit): Promise<string> {
    // Not async: the object that such a function keeps its state in is felt here.
    try {
      if (typeof ttl === 'object' && ttl !== null) return this.createWith(data, ttl, silence_read)
      return Promise.resolve(this.startCreate(data, ttl, silence_read))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  private async createWith(data: object, given: CreateOptions, reads: Limit): Promise<string> {
    const options = checkCreateOptions(given, reads)
    const token = this.startCreate(data, options.ttl, options.silence_read)
    return options.durable === true ? this.durably(token) : token
  }

  private startCreate(data: object, ttl: Limit, silence_read: Limit): string | Promise<string> {
    const length = encodeInPlace(data, this.dataSize, true)
    const seconds = ttlOf(ttl)
    const reads = readsOf(silence_read)
    if (!this.room.isFree) return this.createPacked(waiting(length, seconds, reads))
    // Each value takes two bytes at least, with its key.
    const slot = reads === NONE ? this.core.memo.reserve(length >> 1) : NO_SLOT
    const token = this.engine.create(packedAt(), length, seconds, reads, slot)
    if (token === BUSY) return this.createPacked(waiting(length, seconds, reads))
    if (slot !== NO_SLOT) this.core.remember(length)
    return token
  }

  /** @internal Creates from arguments packed before. */
  createPacked(packed: DeferredArguments): Promise<string> {
    return this.inLine(() => {
      packed.restore()
      return this.engine.create(DATA_OFFSET, packed.length, packed.ttl, packed.reads, NO_SLOT)
    })
  }

  /** Calls the engine at once if nobody waits for it, else after those who do. */
  private async inLine<T>(call: () => T | typeof BUSY): Promise<T> {
    const answer = this.room.isFree ? call() : BUSY
    return answer === BUSY ? this.room.join(call) : answer
  }

  /**
   * Reads a token. A read of a counted token uses up one of its reads.
   * @returns the caller's own copy of the data and the limits that are set; null if there is no such
   *   token, or it has expired, was deleted, used up or made with another key
   * @throws TypeError or RangeError `ERR_CRUDJT_TOKEN` if it is no string or empty
   */
  async read<Data extends object = Record<string, unknown>>(
    token: string,
  ): Promise<Session<Data> | null> {
    checkToken(token)
    const session = this.core.read(token)
    if (session === BUSY) return this.room.join(() => this.core.read(token)) as Promise<never>
    return session as Session<Data> | null
  }

  /**
   * Replaces the data and both limits of a token.
   * @param ttl seconds to live from now; or an object with `ttl`, `silence_read`, `durable` and
   *   `keep` (limits that are not named stay). Without `keep` leaving a limit out removes it.
   * @returns whether there was a live token; a dead one is not brought back
   * @throws what `create` and `read` throw; the old record stays whole then
   */
  async update(
    token: string,
    data: object,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): Promise<boolean> {
    checkToken(token)
    if (typeof ttl !== 'object' || ttl === null) {
      return this.startUpdate(token, data, ttl, silence_read, false)
    }
    const options = checkUpdateOptions(ttl, silence_read)
    const { keep, durable } = options
    const done = this.startUpdate(token, data, options.ttl, options.silence_read, keep === true)
    return durable === true ? this.durably(done) : done
  }

  private startUpdate(
    token: string,
    data: object,
    ttl: Limit,
    silence_read: Limit,
    keep: boolean,
  ): boolean | Promise<boolean> {
    const length = encodeInPlace(data, this.dataSize, false)
    const seconds = ttlOf(ttl)
    const reads = readsOf(silence_read)
    const done = this.room.isFree
      ? this.engine.update(token, packedAt(), length, seconds, reads, keep)
      : BUSY
    return done === BUSY
      ? this.updatePacked(token, waiting(length, seconds, reads), keep)
      : done === 1
  }

  /** @internal Updates from arguments packed before. */
  async updatePacked(token: string, packed: DeferredArguments, keep: boolean): Promise<boolean> {
    const done = await this.inLine(() => {
      packed.restore()
      return this.engine.update(token, DATA_OFFSET, packed.length, packed.ttl, packed.reads, keep)
    })
    return done === 1
  }

  /**
   * Deletes a token, whatever its limits.
   * @returns whether there was a live token
   * @throws TypeError or RangeError `ERR_CRUDJT_TOKEN`, TypeError `ERR_CRUDJT_OPTION`
   */
  async delete(token: string, options?: DurableOptions): Promise<boolean> {
    checkToken(token)
    const isDurable = options !== undefined && checkDeleteOptions(options).durable === true
    const tried = this.room.isFree ? this.core.remove(token) : BUSY
    const done = tried === BUSY ? this.room.join(() => this.core.remove(token)) : tried
    return isDurable ? this.durably(done) : done
  }

  /** @internal Answers when what was answered before is on the medium. */
  async durably<T>(done: T | Promise<T>): Promise<T> {
    const answer = await done
    // After a close the flush fails, but the operation was carried out: closing makes it durable.
    await this.flusher.flush().catch((error) => this.closedInstead(error))
    return answer
  }

  private closedInstead(error: unknown): Promise<void> {
    const isClosed = (error as { code?: unknown }).code === 'ERR_CRUDJT_NOT_STARTED'
    if (isClosed && this.closing !== undefined) return this.closing
    throw error
  }

  /** Resolves when every operation answered before is on the medium. */
  async flush(): Promise<void> {
    return this.flusher.flush()
  }

  /**
   * Copies the store, while it is used, into a folder that is missing or empty. The copy is a store
   * by itself that opens with the same secret, and holds everything answered before the call.
   * Restoring is copying it back. A folder that the copying did not get to the end of says so when
   * it is opened.
   * @param options `onProgress` gets records
   * @throws TypeError `ERR_CRUDJT_OPTION`
   * @throws CRUDJTError `ERR_CRUDJT_PATH` (the folder is not empty or can't be made)
   */
  async backup(target: string, options: BackupOptions = {}): Promise<BackupReport> {
    checkBackup(target, options)
    const copied = await telling(options, (tell) => this.engine.backup(target, tell))
    return { records: copied.records, bytes: copied.bytes }
  }

  /** Counters and sizes. */
  async stats(): Promise<StoreStats> {
    return statsOf(await this.engine.stats(), this.core.memo.bytes)
  }

  /**
   * Makes everything durable and releases the store. May be called again. Calls that come after it
   * reject with `ERR_CRUDJT_NOT_STARTED`.
   */
  close(): Promise<void> {
    this.closing ??= this.finish()
    return this.closing
  }

  private async finish(): Promise<void> {
    await this.room.whenFree()
    await this.engine.close()
    this.core.memo.clear()
  }

  /** Closes the store at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** `create` without a promise: blocks where that one would wait. Throws what that one rejects. */
  createSync(data: object, ttl?: Limit | CreateOptions, silence_read?: Limit): string {
    return this.sync.create(data, ttl, silence_read)
  }

  /** `read` without a promise. */
  readSync<Data extends object = Record<string, unknown>>(token: string): Session<Data> | null {
    return this.sync.read(token) as Session<Data> | null
  }

  /** `update` without a promise. */
  updateSync(
    token: string,
    data: object,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): boolean {
    return this.sync.update(token, data, ttl, silence_read)
  }

  /** `delete` without a promise. */
  deleteSync(token: string, options?: DurableOptions): boolean {
    return this.sync.delete(token, options)
  }
}

/** What was just packed, for a call that has to wait. */
function waiting(length: number, ttl: number, reads: number): DeferredArguments {
  bringToFront(length)
  return new DeferredArguments(length, ttl, reads)
}
