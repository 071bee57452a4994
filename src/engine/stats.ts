/** The counters and sizes that `stats()` returns. */

/** How a client reaches its master: by the local socket, or by gRPC. */
export type Transport = 'local' | 'grpc'

/** Counters and sizes of a store. What has not happened yet is undefined. */
export interface StoreStats {
  /** Live tokens. */
  live_tokens: number
  /** Acknowledged operations that are not yet in the B-tree. */
  pending: number
  /** Age in milliseconds of the oldest operation that is not yet synced to disk. */
  unsynced_age_ms: number | undefined
  /** Size of the journal's files in bytes. */
  journal_bytes: number
  /** Size of the B-tree's file in bytes. */
  tree_bytes: number
  /** Estimated memory of cached records in bytes, encrypted and decoded. */
  cache_bytes: number
  /** Hit rate of the record cache, 0 to 1; undefined before the first lookup. */
  hit_rate: number | undefined
  /** When the journal was last synced, in milliseconds since 1970. */
  last_sync_at_ms: number | undefined
  /** How long that sync took, in microseconds. */
  last_sync_took_us: number | undefined
  /** When the last checkpoint ended, in milliseconds since 1970. */
  last_checkpoint_at_ms: number | undefined
  /** When the last sweep of expired records ended, in milliseconds since 1970. */
  last_sweep_at_ms: number | undefined
  /** How many records that sweep removed. */
  last_sweep_removed: number
  /** Damaged records that calls met since the store was opened, each once, and those that opening lost with damaged blocks. */
  damaged_records: number
  /** Of the store of a master: how this client reaches it. */
  transport?: Transport | undefined
}

/** @internal The engine's counters together with the size of the cache of decoded records. */
export function statsOf(
  native: import('./native.js').NativeStats,
  decodedBytes: number,
): StoreStats {
  const lookups = native.hits + native.misses
  return {
    live_tokens: native.liveTokens,
    pending: native.pending,
    unsynced_age_ms: native.unsyncedAgeMs,
    journal_bytes: native.journalBytes,
    tree_bytes: native.treeBytes,
    cache_bytes: native.cacheBytes + decodedBytes,
    hit_rate: lookups === 0 ? undefined : native.hits / lookups,
    last_sync_at_ms: native.lastSyncAtMs,
    last_sync_took_us: native.lastSyncTookUs,
    last_checkpoint_at_ms: native.lastCheckpointAtMs,
    last_sweep_at_ms: native.lastSweepAtMs,
    last_sweep_removed: native.lastSweepRemoved,
    damaged_records: native.damagedRecords,
  }
}

/** The stats that a master sent; what it left out is undefined. */
export function statsFrom(
  counters: readonly (readonly [name: string, value: number])[],
): StoreStats {
  return { ...UNKNOWN, ...Object.fromEntries(counters) } as StoreStats
}

const UNKNOWN = {
  unsynced_age_ms: undefined,
  hit_rate: undefined,
  last_sync_at_ms: undefined,
  last_sync_took_us: undefined,
  last_checkpoint_at_ms: undefined,
  last_sweep_at_ms: undefined,
}
