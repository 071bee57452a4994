/**
 * A store open in this process. A call checks and encodes its arguments, calls the engine once and
 * decodes the answer before anything else of the program runs. Only calls that wait for the engine's
 * memory, and durable ones, resolve later.
 */

import { type InspectOptions, inspect } from 'node:util'
import { Engine } from '../engine/engine.js'
import { FlushQueue } from '../engine/flush-queue.js'
import { BUSY } from '../engine/native.js'
import { prepared } from '../engine/prepared-call.js'
import { type StoreStats, statsOf } from '../engine/stats.js'
import { WriteQueue } from '../engine/write-queue.js'
import { invalidThis, notStarted, typeError } from '../errors.js'
import type { Served } from '../grpc/server/served.js'
import {
  type BackupOptions,
  type BackupReport,
  checkBackup,
  withProgress,
} from '../options/backup-options.js'
import {
  type CreateOptions,
  checkToken,
  type DurableOptions,
  isDurableDelete,
  type UpdateOptions,
} from '../options/call-options.js'
import type { Limit } from '../options/limits.js'
import {
  DEFAULT_DATA_SIZE,
  decodedCacheSize,
  engineOptions,
  type StoreOptions,
  warn,
} from '../options/store-options.js'
import { DecodedCache, tokensWithin } from '../records/decoded-cache.js'
import { prepareCreate, prepareUpdate } from '../records/prepare-call.js'
import { QueuedCalls } from '../records/queued-calls.js'
import { RecordAccess } from '../records/record-access.js'
import type { Session } from '../records/session.js'
import type { SessionStore, Storable } from '../session-store.js'

/** An engine that was opened for a store. */
export interface OpenEngine {
  /** @internal */
  readonly engine: Engine
  /** @internal */
  readonly options: StoreOptions
}

/** Opens the engine of a store with checked options. */
export async function openEngine(options: StoreOptions): Promise<OpenEngine> {
  const known = tokensWithin(decodedCacheSize(options))
  const engine = await Engine.open(engineOptions(options), known, options.onError ?? warn)
  return { engine, options }
}

/**
 * See `Store`. Its fields are `#private`, so that no printer, logger or copier reaches a key, a token or
 * data through it.
 */
export class LocalStore implements SessionStore {
  readonly #calls: QueuedCalls
  readonly #records: RecordAccess
  readonly #dataSize: number
  readonly #engine: Engine
  readonly #cache: DecodedCache
  readonly #writeQueue: WriteQueue
  readonly #flushQueue: FlushQueue
  #closing: Promise<void> | undefined = undefined

  protected constructor(opened: OpenEngine) {
    if (!(opened?.engine instanceof Engine)) {
      const advice = 'use `await Store.open(options)` or `await Store.connect(options)`'
      throw typeError('ERR_CRUDJT_UNSUPPORTED', `A store cannot be made with new: ${advice}`)
    }
    const { engine, options } = opened
    this.#engine = engine
    this.#dataSize = options.max_data_size ?? DEFAULT_DATA_SIZE
    this.#cache = new DecodedCache(decodedCacheSize(options), (slot) => engine.forgetBelow(slot))
    this.#writeQueue = new WriteQueue(() => engine.waitForRoom())
    this.#flushQueue = new FlushQueue(() => engine.flush())
    this.#records = new RecordAccess(engine, this.#cache)
    this.#calls = new QueuedCalls(this.#records, this.#writeQueue)
  }

  static #isStore(self: unknown): boolean {
    return typeof self === 'object' && self !== null && #engine in self
  }

  /** A store, if that is what a method was called on. */
  static #store(self: LocalStore): LocalStore {
    if (LocalStore.#isStore(self)) return self
    throw invalidThis()
  }

  /**
   * The error of a call: another one if it was not called on a store. The frequent calls look only after
   * they have failed.
   */
  static #failure(error: unknown, self: LocalStore): unknown {
    return LocalStore.#isStore(self) ? error : invalidThis()
  }

  /** The store's folder. */
  get path(): string {
    return LocalStore.#store(this).#engine.path
  }

  /** @internal What a master serves of this store. */
  get served(): Served {
    return {
      calls: this.#calls,
      dataSize: this.#dataSize,
      tellCachedBytes: (listener) => this.#cache.tellBytes(listener),
      measure: (length) => this.#engine.measure(length),
      serve: (instance, accessKey) => this.#engine.serve(this.#dataSize, instance, accessKey),
    }
  }

  create(data: Storable, ttl?: Limit | CreateOptions, silence_read?: Limit): Promise<string> {
    // Not async: the generator object of an async function costs a measurable part of this call.
    try {
      prepareCreate(data, this.#dataSize, true, ttl, silence_read)
      const token = this.#calls.create()
      return prepared.durable ? this.durably(token) : Promise.resolve(token)
    } catch (error) {
      return Promise.reject(LocalStore.#failure(error, this))
    }
  }

  /** @internal Creates what was prepared. */
  createPrepared(): Promise<string> {
    const token = this.#calls.create()
    return prepared.durable ? this.durably(token) : Promise.resolve(token)
  }

  async read<Data extends object = Record<string, unknown>>(
    token: string,
  ): Promise<Session<Data> | null> {
    try {
      checkToken(token)
      if (this.#closing !== undefined) throw notStarted()
      return this.#calls.read(token) as Session<Data> | null | Promise<Session<Data> | null>
    } catch (error) {
      throw LocalStore.#failure(error, this)
    }
  }

  async update(
    token: string,
    data: Storable,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): Promise<boolean> {
    try {
      checkToken(token)
      prepareUpdate(data, this.#dataSize, ttl, silence_read)
      return this.updatePrepared(token)
    } catch (error) {
      throw LocalStore.#failure(error, this)
    }
  }

  /** @internal Updates a token with what was prepared. */
  updatePrepared(token: string): boolean | Promise<boolean> {
    const done = this.#calls.update(token)
    return prepared.durable ? this.durably(done) : done
  }

  async delete(token: string, options?: DurableOptions): Promise<boolean> {
    try {
      checkToken(token)
      const isDurable = isDurableDelete(options)
      const done = this.#calls.remove(token)
      return isDurable ? this.durably(done) : done
    } catch (error) {
      throw LocalStore.#failure(error, this)
    }
  }

  /** Resolves with an answer once everything that was answered before is on disk. */
  private async durably<T>(done: T | Promise<T>): Promise<T> {
    const answer = await done
    // A flush after close() fails, but the operation was carried out, and closing makes it durable.
    await this.#flushQueue.flush().catch((error) => this.closedInstead(error))
    return answer
  }

  private closedInstead(error: unknown): Promise<void> {
    const isClosed = (error as { code?: unknown }).code === 'ERR_CRUDJT_NOT_STARTED'
    if (isClosed && this.#closing !== undefined) return this.#closing
    throw error
  }

  /** Resolves: an open store answers. */
  async ready(): Promise<void> {
    LocalStore.#store(this).#refuseIfClosed()
  }

  /** Resolves when every operation that was answered before is on disk. */
  async flush(): Promise<void> {
    LocalStore.#store(this).#refuseIfClosed()
    await this.#flushQueue.flush().catch((error) => this.closedInstead(error))
  }

  /**
   * Copies the store, while it is in use, into a folder that is missing or empty. The copy is a
   * complete store that opens with the same secret, and holds everything answered before the call. To
   * restore it, copy it back. A folder in which the copy was not completed says so when it is opened.
   * @param options `onProgress` receives records
   * @throws TypeError `ERR_CRUDJT_OPTION`
   * @throws CRUDJTError `ERR_CRUDJT_PATH` (the folder is not empty or cannot be made)
   */
  async backup(target: string, options: BackupOptions = {}): Promise<BackupReport> {
    const checked = checkBackup(target, options)
    const store = LocalStore.#store(this)
    return withProgress(checked, (report) => store.#engine.backup(target, report))
  }

  /** Counters and sizes. */
  async stats(): Promise<StoreStats> {
    return statsOf(await LocalStore.#store(this).#engine.stats(), this.#cache.bytes)
  }

  /**
   * Flushes everything to disk and releases the store. May be called again. Calls made after it, be it
   * in the same turn, reject with `ERR_CRUDJT_NOT_STARTED`.
   */
  async close(): Promise<void> {
    const store = LocalStore.#store(this)
    store.#closing ??= store.finish()
    return store.#closing
  }

  private async finish(): Promise<void> {
    // Calls that wait are carried out; those that come from now on are not.
    const nobodyWaits = this.#writeQueue.isFree
    this.#writeQueue.close()
    if (!nobodyWaits) await this.#writeQueue.whenFree()
    this.#engine.refuse()
    this.#cache.clear()
    await this.#engine.close()
  }

  #refuseIfClosed(): void {
    if (this.#closing !== undefined) throw notStarted()
  }

  /** Closes the store at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return LocalStore.prototype.close.call(this)
  }

  /** `create` without a promise: blocks where `create` would wait, and throws what it rejects with. */
  createSync(data: Storable, ttl?: Limit | CreateOptions, silence_read?: Limit): string {
    try {
      prepareCreate(data, this.#dataSize, false, ttl, silence_read)
      return this.#runSync(() => this.#records.create(), prepared.durable)
    } catch (error) {
      throw LocalStore.#failure(error, this)
    }
  }

  /** `read` without a promise. */
  readSync<Data extends object = Record<string, unknown>>(token: string): Session<Data> | null {
    try {
      checkToken(token)
      return this.#runSync(() => this.#records.read(token), false) as Session<Data> | null
    } catch (error) {
      throw LocalStore.#failure(error, this)
    }
  }

  /** `update` without a promise. */
  updateSync(
    token: string,
    data: Storable,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): boolean {
    try {
      checkToken(token)
      prepareUpdate(data, this.#dataSize, ttl, silence_read)
      return this.#runSync(() => this.#records.update(token), prepared.durable)
    } catch (error) {
      throw LocalStore.#failure(error, this)
    }
  }

  /** `delete` without a promise. */
  deleteSync(token: string, options?: DurableOptions): boolean {
    try {
      checkToken(token)
      const isDurable = isDurableDelete(options)
      return this.#runSync(() => this.#records.remove(token), isDurable)
    } catch (error) {
      throw LocalStore.#failure(error, this)
    }
  }

  /** Blocks while the engine is busy. What was prepared stays in the scratch buffer meanwhile. */
  #runSync<T>(attempt: () => T | typeof BUSY, isDurable: boolean): T {
    this.#refuseIfClosed()
    let answer = attempt()
    for (; answer === BUSY; answer = attempt()) this.#engine.waitForRoomSync()
    if (isDurable) this.#engine.flushSync()
    return answer
  }

  /** @internal What `JSON.stringify` shows. */
  toJSON(): object {
    return { path: this.path }
  }

  /** @internal What `console.log` shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Store ${inspect(this.toJSON(), options)}`
  }
}
