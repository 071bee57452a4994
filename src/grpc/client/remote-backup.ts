/** A client's side of a backup: asks for it by a ticket, and asks how far it is until it has ended. */
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CRUDJTError, type ErrorCode } from '../../errors.js'
import type { BackupReport, OnProgress } from '../../options/backup-options.js'
import { removeTicket, writeTicket } from '../wire/backup-ticket.js'
import { Kind, plainOperation } from '../wire/batch-operation.js'
import type { Calls } from './link.js'

/** Between two questions: the first wait, and the longest, in milliseconds. */
const FIRST_WAIT_MS = 10
const LONGEST_WAIT_MS = 500

/** What a master tells of a backup. */
type BackupReply = { done: number; total: number } | { records: number; bytes: number }

/** Which backup, and of which store. */
export interface BackupRequest {
  /** The folder of the copy, as this process sees it. */
  readonly target: string
  /** The store's folder, as this process sees it; undefined: as the master says. */
  readonly folder: string | undefined
  readonly onProgress: OnProgress | undefined
}

/** Has a master make a backup. */
export async function remoteBackup(calls: Calls, wanted: BackupRequest): Promise<BackupReport> {
  const { target, onProgress } = wanted
  const folder = wanted.folder ?? (await calls.call<string>(plainOperation(Kind.BACKUP)))
  const ticket = writeTicket(folder, resolve(target))
  try {
    return await follow(calls, ticket, target, onProgress)
  } finally {
    removeTicket(folder, ticket)
  }
}

async function follow(
  calls: Calls,
  ticket: string,
  target: string,
  onProgress: OnProgress | undefined,
): Promise<BackupReport> {
  let told = await ask(calls, ticket)
  for (let wait = FIRST_WAIT_MS; 'done' in told; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    onProgress?.(told.done, told.total)
    await delay(wait)
    told = await ask(calls, ticket).catch((error) => {
      throw forgotten(error, target)
    })
  }
  return { records: told.records, bytes: told.bytes }
}

function ask(calls: Calls, ticket: string): Promise<BackupReply> {
  return calls.call<BackupReply>(plainOperation(Kind.BACKUP, ticket))
}

/** A master that took the ticket and does not know it any more is another start of it. */
function forgotten(error: unknown, target: string): unknown {
  if ((error as { code?: ErrorCode }).code !== 'ERR_CRUDJT_UNAUTHENTICATED') return error
  const message = `The master was restarted during the backup: remove ${target}, which is not whole, and try again`
  return new CRUDJTError('ERR_CRUDJT_OUTCOME_UNKNOWN', message)
}
