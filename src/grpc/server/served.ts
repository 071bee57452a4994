/** The store that a master serves, as its services see it. */
import type { StoreStats } from '../../engine/stats.js'
import type { BackupOptions, BackupReport } from '../../options/backup-options.js'
import type { QueuedCalls } from '../../records/queued-calls.js'

/** An open store. */
export interface Served {
  readonly calls: QueuedCalls
  /** The most bytes that data may take in its most compact encoding. */
  readonly dataSize: number
  /** The store's folder. */
  readonly path: string
  /** See `Hot.measure` in native.d.cts. */
  measure(length: number): number
  flush(): Promise<void>
  stats(): Promise<StoreStats>
  backup(target: string, options: BackupOptions): Promise<BackupReport>
}
