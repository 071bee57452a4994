/** What a program sees of a store, whether it is open in this process or belongs to a master. */
import type { StoreStats } from './engine/stats.js'
import type { BackupOptions, BackupReport } from './options/backup-options.js'
import type { CreateOptions, DurableOptions, UpdateOptions } from './options/call-options.js'
import type { Limit } from './options/limits.js'
import type { Session } from './records/session.js'

/**
 * Data that can be stored: any object of keys and values, be it a literal, an interface or an instance
 * of a class. Not an array, a Map, a Set or bytes (which can be iterated), a function, a Date or a
 * Promise. What comes back of its values is in the guide's reference.
 */
export type Storable = (object | { readonly [key: string]: unknown }) & {
  readonly [Symbol.iterator]?: never
  readonly [Symbol.hasInstance]?: never
  readonly [Symbol.toPrimitive]?: never
  readonly [Symbol.toStringTag]?: never
}

/** The four calls. */
export interface SessionCalls {
  /**
   * Stores data under a new token.
   * @param data an object of values that MessagePack can hold, up to `max_data_size` bytes of it
   * @param ttl seconds to live, or an object with `ttl`, `silence_read` and `durable`
   * @param silence_read number of reads after which the token is deleted
   * @returns the token, 22 characters of `A–Z a–z 0–9 - _`
   * @throws TypeError `ERR_CRUDJT_DATA`, RangeError `ERR_CRUDJT_DATA_TOO_LARGE`, TypeError or
   *   RangeError `ERR_CRUDJT_LIMIT`, TypeError `ERR_CRUDJT_OPTION`
   */
  create(data: Storable, ttl?: Limit | CreateOptions, silence_read?: Limit): Promise<string>
  /**
   * Reads a token. A read of a counted token uses up one of its reads.
   * @returns the caller's own copy of the data, with the limits that are set; null if there is no such
   *   token, or if it has expired, was deleted or used up, or was made with another key
   * @throws TypeError or RangeError `ERR_CRUDJT_TOKEN` if it is not a string or is empty
   */
  read<Data extends object = Record<string, unknown>>(token: string): Promise<Session<Data> | null>
  /**
   * Replaces the data and both limits of a token.
   * @param ttl seconds to live from now, or an object with `ttl`, `silence_read`, `durable` and
   *   `keep` (limits that are not given stay). Without `keep`, a limit that is not given is removed.
   * @returns whether there was a live token; a dead one is never revived
   * @throws what `create` and `read` throw; the record is unchanged then
   */
  update(
    token: string,
    data: Storable,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): Promise<boolean>
  /**
   * Deletes a token, whatever its limits.
   * @returns whether there was a live token
   * @throws TypeError or RangeError `ERR_CRUDJT_TOKEN`, TypeError `ERR_CRUDJT_OPTION`
   */
  delete(token: string, options?: DurableOptions): Promise<boolean>
}

/**
 * The four calls without promises: they block the thread until the answer is there, and throw what the
 * promise forms reject with.
 *
 * A store of a master has them on the master's own machine, over the local socket; elsewhere they throw
 * `ERR_CRUDJT_UNSUPPORTED`. They wait for a master that is not there as the promise forms do, with the
 * event loop blocked, and are not ordered with promise calls that are not settled yet.
 */
export interface SyncSessionCalls {
  /** `create` without a promise. */
  createSync(data: Storable, ttl?: Limit | CreateOptions, silence_read?: Limit): string
  /** `read` without a promise. */
  readSync<Data extends object = Record<string, unknown>>(token: string): Session<Data> | null
  /** `update` without a promise. */
  updateSync(
    token: string,
    data: Storable,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): boolean
  /** `delete` without a promise. */
  deleteSync(token: string, options?: DurableOptions): boolean
}

/**
 * A store of session tokens, in this process (`Store.open`) or of a master (`Store.connect`).
 *
 * A store of a master raises the same errors as one in this process, and also
 * `ERR_CRUDJT_UNAVAILABLE` (no master answers), `ERR_CRUDJT_DEADLINE`, `ERR_CRUDJT_OUTCOME_UNKNOWN` (the
 * connection or the master was lost after the call was sent), `ERR_CRUDJT_UNAUTHENTICATED`, and
 * `ERR_CRUDJT_UNSUPPORTED` for what an older master does not have.
 */
export interface SessionStore extends SessionCalls, SyncSessionCalls, AsyncDisposable {
  /**
   * Resolves once the store answers: a store of a master waits for it as long as `timeout_ms` allows,
   * also with `fail_fast`.
   */
  ready(): Promise<void>
  /** Resolves when every operation that was answered before is on disk. */
  flush(): Promise<void>
  /**
   * Copies the store, while it is in use, into a folder that is missing or empty; see `Store.backup`.
   * The store of a master has the master write the copy: this process must be on the same machine and
   * may write to the store's folder, else `ERR_CRUDJT_PATH`. While the master makes another backup:
   * `ERR_CRUDJT_BUSY`.
   */
  backup(target: string, options?: BackupOptions): Promise<BackupReport>
  /** Counters and sizes. */
  stats(): Promise<StoreStats>
  /** Closes the store after every call under way has been answered. May be called again. */
  close(): Promise<void>
}
