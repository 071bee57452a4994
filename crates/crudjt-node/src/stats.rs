//! The engine's counters as JavaScript numbers.

use napi_derive::napi;

/// Counters and sizes of a store.
#[napi(object, object_from_js = false)]
pub struct Stats {
    /// Live tokens.
    pub live_tokens: f64,
    /// Acknowledged operations that are not in the tree yet.
    pub pending: f64,
    /// Age of the oldest operation that is not on disk yet, in milliseconds.
    pub unsynced_age_ms: Option<f64>,
    /// Bytes of the journal's segments.
    pub journal_bytes: f64,
    /// Bytes of the tree's file.
    pub tree_bytes: f64,
    /// Bytes in the record cache.
    pub cache_bytes: f64,
    /// Reads served from memory.
    pub hits: f64,
    /// Reads served from the tree.
    pub misses: f64,
    /// When the journal was last synced, in milliseconds since 1970.
    pub last_sync_at_ms: Option<f64>,
    /// Duration of that sync, in microseconds.
    pub last_sync_took_us: Option<f64>,
    /// When the last checkpoint ended, in milliseconds since 1970.
    pub last_checkpoint_at_ms: Option<f64>,
    /// When the last sweep ended, in milliseconds since 1970.
    pub last_sweep_at_ms: Option<f64>,
    /// Expired records that this sweep removed.
    pub last_sweep_removed: f64,
    /// Damaged records found since the store was opened.
    pub damaged_records: f64,
}

impl From<crudjt_core::Stats> for Stats {
    fn from(stats: crudjt_core::Stats) -> Self {
        let number = |value: u64| value as f64;
        Self {
            live_tokens: number(stats.live_tokens),
            pending: number(stats.pending),
            unsynced_age_ms: stats.unsynced_age_ms.map(number),
            journal_bytes: number(stats.journal_bytes),
            tree_bytes: number(stats.tree_bytes),
            cache_bytes: number(stats.cache_bytes),
            hits: number(stats.hits),
            misses: number(stats.misses),
            last_sync_at_ms: stats.last_sync_at_ms.map(number),
            last_sync_took_us: stats.last_sync_took_us.map(number),
            last_checkpoint_at_ms: stats.last_checkpoint_at_ms.map(number),
            last_sweep_at_ms: stats.last_sweep_at_ms.map(number),
            last_sweep_removed: number(stats.last_sweep_removed),
            damaged_records: number(stats.damaged_records),
        }
    }
}
