/** What a program sees of a store, whether it is open in this process or belongs to a master. */
import type { StoreStats } from './engine/stats.js'
import type { BackupOptions, BackupReport } from './options/backup-options.js'
import type { CreateOptions, DurableOptions, UpdateOptions } from './options/call-options.js'
import type { Limit } from './options/limits.js'
import type { Session } from './records/session.js'

/** The four calls. */
export interface SessionCalls {
  /** See `Store.create`. */
  create(data: object, ttl?: Limit | CreateOptions, silence_read?: Limit): Promise<string>
  /** See `Store.read`. */
  read<Data extends object = Record<string, unknown>>(token: string): Promise<Session<Data> | null>
  /** See `Store.update`. */
  update(
    token: string,
    data: object,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): Promise<boolean>
  /** See `Store.delete`. */
  delete(token: string, options?: DurableOptions): Promise<boolean>
}

/**
 * A store of session tokens.
 *
 * A store of a master (`Store.connect`) raises the same errors as one in this process, and also
 * `ERR_CRUDJT_UNAVAILABLE` (no master answers), `ERR_CRUDJT_DEADLINE`, `ERR_CRUDJT_OUTCOME_UNKNOWN` (the
 * connection or the master was lost after the call was sent), `ERR_CRUDJT_UNAUTHENTICATED`, and
 * `ERR_CRUDJT_UNSUPPORTED` for the `…Sync` calls and for what an older master does not have.
 */
export interface SessionStore extends SessionCalls, AsyncDisposable {
  /** Resolves when every operation that was answered before is on disk. */
  flush(): Promise<void>
  /**
   * See `Store.backup`. The store of a master has the master write the copy: this process must be on
   * the same machine and may write to the store's folder, else `ERR_CRUDJT_PATH`. While the master
   * makes another backup: `ERR_CRUDJT_BUSY`.
   */
  backup(target: string, options?: BackupOptions): Promise<BackupReport>
  /** Counters and sizes. */
  stats(): Promise<StoreStats>
  /** Closes the store after every call under way has been answered. May be called again. */
  close(): Promise<void>
  /** `create` without a promise. */
  createSync(data: object, ttl?: Limit | CreateOptions, silence_read?: Limit): string
  /** `read` without a promise. */
  readSync<Data extends object = Record<string, unknown>>(token: string): Session<Data> | null
  /** `update` without a promise. */
  updateSync(
    token: string,
    data: object,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): boolean
  /** `delete` without a promise. */
  deleteSync(token: string, options?: DurableOptions): boolean
}
