/**
 * The public API: the calls of the process-wide `CRUDJT`, its `Config`, and `Store`, which offers the
 * same calls without process-wide state. This CommonJS module is the only implementation; index.mts
 * re-exports the same objects as an ES module.
 */

import type {
  CompactReport,
  Finding,
  KeyDomain,
  KeySlot,
  KeysOptions,
  RepairOptions,
  RepairReport,
  VerifyOptions,
  VerifyReport,
} from './src/api/maintenance.js'
import type { StoreStats } from './src/engine/stats.js'
import type { ArgumentError, ErrorCode, StoreEvent } from './src/errors.js'
import type { Address } from './src/grpc/wire/address.js'
import {
  backup,
  Config,
  CRUDJTError,
  compact,
  Extension,
  isCrudjtError,
  keys,
  current as library,
  repair,
  Store,
  verify,
} from './src/library.js'
import type {
  BackupOptions,
  BackupReport,
  CompactOptions,
  OnProgress,
} from './src/options/backup-options.js'
import type { CreateOptions, DurableOptions, UpdateOptions } from './src/options/call-options.js'
import type { Limit } from './src/options/limits.js'
import type {
  AddressOptions,
  ConnectOptions,
  EngineOptions,
  MasterOptions,
  StoreOptions,
} from './src/options/store-options.js'
import type { Metadata, Session } from './src/records/session.js'
import type { SessionCalls, SessionStore, Storable } from './src/session-store.js'

export type {
  Address,
  AddressOptions,
  ArgumentError,
  BackupOptions,
  BackupReport,
  CompactOptions,
  CompactReport,
  ConnectOptions,
  CreateOptions,
  DurableOptions,
  EngineOptions,
  ErrorCode,
  Finding,
  KeyDomain,
  KeySlot,
  KeysOptions,
  Limit,
  MasterOptions,
  Metadata,
  OnProgress,
  RepairOptions,
  RepairReport,
  Session,
  SessionCalls,
  SessionStore,
  Storable,
  StoreEvent,
  StoreOptions,
  StoreStats,
  UpdateOptions,
  VerifyOptions,
  VerifyReport,
}
export {
  backup,
  Config,
  CRUDJTError,
  compact,
  Extension,
  isCrudjtError,
  keys,
  repair,
  Store,
  verify,
}

/** Read once: an export of another module is reached by two accessors, which cost a read a tenth. */
const current = library

/**
 * Stores data under a new token.
 * @param data an object of values that MessagePack can hold, up to `max_data_size` bytes of it
 * @param ttl seconds to live, or an object with `ttl`, `silence_read` and `durable`
 * @param silence_read number of reads after which the token is deleted
 * @returns the token, 22 characters of `A–Z a–z 0–9 - _`
 * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` before a start, and what `Store.create` throws
 */
export function create(
  data: Storable,
  ttl?: Limit | CreateOptions,
  silence_read?: Limit,
): Promise<string> {
  return current.store.create(data, ttl, silence_read)
}

/**
 * Reads a token. A read of a counted token uses up one of its reads.
 * @returns the caller's own copy of the data, with the limits that are set; null if there is no such
 *   token, or if it has expired, was deleted or used up, or was made with another key
 * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` before a start, and what `Store.read` throws
 */
export function read<Data extends object = Record<string, unknown>>(
  token: string,
): Promise<Session<Data> | null> {
  return current.store.read(token)
}

/**
 * Replaces the data and both limits of a token.
 * @param ttl seconds to live from now, or an object with `ttl`, `silence_read`, `durable` and `keep`
 *   (limits that are not given stay). Without `keep`, a limit that is not given is removed.
 * @returns whether there was a live token; a dead one is never revived
 * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` before a start, and what `Store.update` throws
 */
export function update(
  token: string,
  data: Storable,
  ttl?: Limit | UpdateOptions,
  silence_read?: Limit,
): Promise<boolean> {
  return current.store.update(token, data, ttl, silence_read)
}

function remove(token: string, options?: DurableOptions): Promise<boolean> {
  return current.store.delete(token, options)
}

export {
  /**
   * Deletes a token, whatever its limits.
   * @returns whether there was a live token
   * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` before a start, and what `Store.delete` throws
   */
  remove as delete,
}

// The package names itself twice, as `CRUDJT` and `default`, of which JSON makes a circle.
Object.defineProperty(module.exports, 'toJSON', {
  value: () => ({ wasStarted: Config.wasStarted(), master: Config.master() }),
})

/** The whole package as one object, as `require('crudjt')` returns it. */
export const CRUDJT: typeof import('./index.js') = module.exports
export default CRUDJT
