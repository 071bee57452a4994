/** What a program sees of a store, be it in this process (`Store.open`) or in another (`Store.connect`). */

import type { BackupOptions, BackupReport } from './api/maintenance.js'
import type { Backend } from './backend.js'
import type { StoreStats } from './engine/stats.js'
import type { CreateOptions, DurableOptions, UpdateOptions } from './options/call-options.js'
import type { Limit } from './options/limits.js'
import type { Session } from './records/session.js'

/**
 * A store of session tokens.
 *
 * One in another process raises what one in this process does, and besides `ERR_CRUDJT_UNAVAILABLE`
 * (no master), `ERR_CRUDJT_DEADLINE`, `ERR_CRUDJT_OUTCOME_UNKNOWN` (the call was sent, then the
 * connection or the master was lost), `ERR_CRUDJT_UNAUTHENTICATED`, and `ERR_CRUDJT_UNSUPPORTED` for
 * the `…Sync` calls and for what an older master doesn't have.
 */
export interface SessionStore extends Backend, AsyncDisposable {
  /** See `Store.read`. */
  read<Data extends object = Record<string, unknown>>(token: string): Promise<Session<Data> | null>
  /** Resolves when every operation answered before is on the medium. */
  flush(): Promise<void>
  /**
   * See `Store.backup`. One in another process has its master write the copy, and therefore has to be
   * on the same machine, and allowed to write to the store's folder: else `ERR_CRUDJT_PATH`. While the
   * master makes another backup: `ERR_CRUDJT_BUSY`.
   */
  backup(target: string, options?: BackupOptions): Promise<BackupReport>
  /** Counters and sizes. */
  stats(): Promise<StoreStats>
  /** Ends it, once everything in flight is answered. May be called again. */
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
