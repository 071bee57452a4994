/** What a store tells of itself. */

/** Counters and sizes of a store; what hasn't happened yet is undefined. */
export interface StoreStats {
  /** Tokens that are alive. */
  live_tokens: number
  /** Operations that are acknowledged and not yet in the tree. */
  pending: number
  /** Age in milliseconds of the oldest operation that is not yet on the medium. */
  unsynced_age_ms: number | undefined
  /** Bytes of the journal's files. */
  journal_bytes: number
  /** Bytes of the tree's file. */
  tree_bytes: number
  /** Bytes of memory that records at hand take, packed and decoded (estimated). */
  cache_bytes: number
  /** Share of the look-ups in the record cache that found theirs, 0 to 1; undefined before any. */
  hit_rate: number | undefined
  /** When the journal was last synced, in milliseconds since 1970. */
  last_sync_at_ms: number | undefined
  /** How long that took, in microseconds. */
  last_sync_took_us: number | undefined
  /** When the last checkpoint ended, in milliseconds since 1970. */
  last_checkpoint_at_ms: number | undefined
  /** When the last sweep of expired records ended, in milliseconds since 1970. */
  last_sweep_at_ms: number | undefined
  /** How many records that sweep removed. */
  last_sweep_removed: number
  /** Damaged records met since the store was opened. */
  damaged_records: number
}

/** @internal The engine's counters and the memo's bytes as one. */
export function statsOf(native: import('./native.js').NativeStats, memoBytes: number): StoreStats {
  const lookups = native.hits + native.misses
  return {
    live_tokens: native.liveTokens,
    pending: native.pending,
    unsynced_age_ms: native.unsyncedAgeMs,
    journal_bytes: native.journalBytes,
    tree_bytes: native.treeBytes,
    cache_bytes: native.cacheBytes + memoBytes,
    hit_rate: lookups === 0 ? undefined : native.hits / lookups,
    last_sync_at_ms: native.lastSyncAtMs,
    last_sync_took_us: native.lastSyncTookUs,
    last_checkpoint_at_ms: native.lastCheckpointAtMs,
    last_sweep_at_ms: native.lastSweepAtMs,
    last_sweep_removed: native.lastSweepRemoved,
    damaged_records: native.damagedRecords,
  }
}

/** Stats of a master elsewhere: what it left out is undefined. */
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
