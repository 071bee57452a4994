/** The client side of a backup: requests it by a ticket, then polls its progress until it has ended. */
import { resolve } from 'node:path'
import { CRUDJTError, type ErrorCode } from '../../errors.js'
import type { BackupReport, OnProgress } from '../../options/backup-options.js'
import { delay } from '../../timers.js'
import { removeTicket, writeTicket } from '../wire/backup-ticket.js'
import { Kind, plainOperation } from '../wire/batch-operation.js'
import type { BatchClient } from './batch-client.js'

/** The shortest and the longest interval between two polls, in milliseconds. */
const MIN_INTERVAL_MS = 10
const MAX_INTERVAL_MS = 500

/** The state of a backup: its progress, or its result. */
type BackupState = { done: number; total: number } | BackupReport

/**
 * Requests a backup from the master, and waits for its end.
 * @param folder the store's folder, as this process sees it; undefined: the master reports it
 * @param target the folder of the backup, as this process sees it
 */
export async function remoteBackup(
  calls: BatchClient,
  folder: string | undefined,
  target: string,
  onProgress: OnProgress | undefined,
): Promise<BackupReport> {
  const place = folder ?? (await calls.call<string>(plainOperation(Kind.BACKUP)))
  const ticket = writeTicket(place, resolve(target))
  try {
    let state = await poll(calls, ticket)
    let interval = MIN_INTERVAL_MS
    for (; 'done' in state; interval = Math.min(2 * interval, MAX_INTERVAL_MS)) {
      onProgress?.(state.done, state.total)
      await delay(interval)
      state = await poll(calls, ticket).catch((error) => {
        throw interrupted(error, target)
      })
    }
    return state
  } finally {
    removeTicket(place, ticket)
  }
}

function poll(calls: BatchClient, ticket: string): Promise<BackupState> {
  return calls.call<BackupState>(plainOperation(Kind.BACKUP, ticket))
}

/** A master that no longer knows a ticket it has consumed was restarted. */
function interrupted(error: unknown, target: string): unknown {
  if ((error as { code?: ErrorCode }).code !== 'ERR_CRUDJT_UNAUTHENTICATED') return error
  const message = `The master was restarted during the backup: delete ${target}, which is incomplete, and try again`
  return new CRUDJTError('ERR_CRUDJT_OUTCOME_UNKNOWN', message)
}
