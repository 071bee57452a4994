/** What the services of a master need of the store. */
import type { StoreStats } from '../../engine/stats.js'
import type { BackupOptions, BackupReport } from '../../options/backup-options.js'
import type { QueuedCalls } from '../../records/queued-calls.js'

/** An open store. */
export interface Served {
  readonly calls: QueuedCalls
  /** The data size limit, which applies to the most compact encoding. */
  readonly dataSize: number
  /** The store's folder. */
  readonly path: string
  /** See `Hot.measure` in native.d.cts. */
  measure(length: number): number
  flush(): Promise<void>
  stats(): Promise<StoreStats>
  backup(target: string, options: BackupOptions): Promise<BackupReport>
}
