/**
 * The backups that a master makes for its clients. A ticket in the store's folder requests one; it runs
 * in the background, since it may take longer than any call, and clients poll its state.
 *
 * Invariants: without a ticket nothing is written; one backup runs at a time; its result stays available
 * under the ticket's name until MAX_BACKUPS newer ones have been started.
 */
import { resolve } from 'node:path'
import { CRUDJTError } from '../../errors.js'
import type { BackupReport } from '../../options/backup-options.js'
import { consumeTicket } from '../wire/backup-ticket.js'
import type { Served } from './served.js'

/** Named numbers, as on the wire. */
export type Counters = [name: string, value: number][]

/** How many backups are remembered. */
const MAX_BACKUPS = 8

const NO_TICKET =
  "The ticket is not in the folder of this master's store: the master serves another store"
const BUSY = 'Another backup is running: try again when it has ended'

/** The state of one backup. */
interface Backup {
  progress: { done: number; total: number } | BackupReport
  error: unknown
  isRunning: boolean
}

/** The backups of one master. */
export class Backups {
  /** The store's folder. */
  readonly folder: string
  private readonly backups = new Map<string, Backup>()

  constructor(private readonly served: Pick<Served, 'path' | 'backup'>) {
    this.folder = resolve(served.path)
  }

  /**
   * Starts the backup that a ticket requests, or returns its state.
   * @returns `done` and `total` in records; once it has ended, `records` and `bytes`
   * @throws CRUDJTError `ERR_CRUDJT_UNAUTHENTICATED` (no such ticket), `ERR_CRUDJT_BUSY` (another
   *   backup is running), and the error of the backup itself
   */
  poll(ticket: string): Counters {
    const backup = this.backups.get(ticket) ?? this.start(ticket)
    if (backup.error !== undefined) throw backup.error
    return Object.entries(backup.progress)
  }

  private start(ticket: string): Backup {
    const target = consumeTicket(this.folder, ticket)
    if (target === undefined) throw new CRUDJTError('ERR_CRUDJT_UNAUTHENTICATED', NO_TICKET)
    const isBusy = [...this.backups.values()].some(({ isRunning }) => isRunning)
    if (isBusy) throw new CRUDJTError('ERR_CRUDJT_BUSY', BUSY)
    const backup: Backup = { progress: { done: 0, total: 0 }, error: undefined, isRunning: true }
    this.backups.set(ticket, backup)
    this.forgetOldest()
    void this.run(backup, target)
    return backup
  }

  private async run(backup: Backup, target: string): Promise<void> {
    const onProgress = (done: number, total: number) => {
      backup.progress = { done, total }
    }
    try {
      backup.progress = await this.served.backup(target, { onProgress })
    } catch (error) {
      backup.error = error
    }
    backup.isRunning = false
  }

  private forgetOldest(): void {
    const [oldest] = this.backups.keys()
    if (this.backups.size > MAX_BACKUPS) this.backups.delete(oldest as string)
  }
}
