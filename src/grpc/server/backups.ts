/**
 * The backups that a master makes for its clients. One is asked for by a ticket in the store's folder,
 * and goes on whether or not anybody asks how it is: that may take longer than any call.
 *
 * Invariants: without a ticket nothing is written; one backup is made at a time; of each the end is
 * told to whoever knows the ticket's name, as often as that is asked, until some more have ended.
 */
import { resolve } from 'node:path'
import { CRUDJTError } from '../../errors.js'
import { takeTicket } from '../wire/backup-ticket.js'
import type { Served } from './served.js'

/** Numbers with their names, as they travel. */
export type Counters = [name: string, value: number][]

/** How many backups are remembered. */
const REMEMBERED = 8

/** One backup: how far it is, or how it ended. */
interface Backup {
  counters: Counters
  error: unknown
  isUnderWay: boolean
}

/** The backups of one master. */
export class Backups {
  /** The store's folder. */
  readonly folder: string
  private readonly served: Pick<Served, 'backup'>
  private readonly backups = new Map<string, Backup>()

  constructor(served: Pick<Served, 'path' | 'backup'>) {
    this.served = served
    this.folder = resolve(served.path)
  }

  /**
   * Begins the backup that a ticket asks for, or tells how far it is.
   * @returns `done` and `total` in records; at its end `records` and `bytes`
   * @throws CRUDJTError `ERR_CRUDJT_UNAUTHENTICATED` (no such ticket), `ERR_CRUDJT_BUSY` (another one
   *   is under way), and what the backup failed with
   */
  tell(ticket: string): Counters {
    const backup = this.backups.get(ticket) ?? this.begin(ticket)
    if (backup.error !== undefined) throw backup.error
    return backup.counters
  }

  private begin(ticket: string): Backup {
    const target = takeTicket(this.folder, ticket)
    if (target === undefined) throw noTicket()
    if ([...this.backups.values()].some(({ isUnderWay }) => isUnderWay)) throw busy()
    const backup: Backup = { counters: counted(0, 0), error: undefined, isUnderWay: true }
    this.backups.set(ticket, backup)
    this.forgetOldest()
    void this.make(backup, target)
    return backup
  }

  private async make(backup: Backup, target: string): Promise<void> {
    const onProgress = (done: number, total: number) => {
      backup.counters = counted(done, total)
    }
    try {
      const { records, bytes } = await this.served.backup(target, { onProgress })
      backup.counters = [
        ['records', records],
        ['bytes', bytes],
      ]
    } catch (error) {
      backup.error = error
    }
    backup.isUnderWay = false
  }

  private forgetOldest(): void {
    const [oldest] = this.backups.keys()
    if (this.backups.size > REMEMBERED) this.backups.delete(oldest as string)
  }
}

function counted(done: number, total: number): Counters {
  return [
    ['done', done],
    ['total', total],
  ]
}

function noTicket(): CRUDJTError {
  const message =
    "There is no such ticket in the folder of this master's store: it has another store"
  return new CRUDJTError('ERR_CRUDJT_UNAUTHENTICATED', message)
}

function busy(): CRUDJTError {
  return new CRUDJTError(
    'ERR_CRUDJT_BUSY',
    'Another backup is under way: try again when it is done',
  )
}
