/** The options of long-running work on a whole store: backup, compact and their progress. */
import { typeError } from '../errors.js'
import { checkOptions, type OptionTable } from './check-options.js'
import { folder } from './store-options.js'

/**
 * Receives how much is done and how much there is in all: in bytes, but in records for the backup of
 * an open store.
 */
export type OnProgress = (done: number, total: number) => void

/** Options of `compact`. */
export interface CompactOptions {
  /** Receives the progress. */
  onProgress?: OnProgress | undefined
}

/** Options of a backup. */
export interface BackupOptions {
  /** Receives the progress. */
  onProgress?: OnProgress | undefined
}

/** What a backup copied. */
export interface BackupReport {
  /** Records, expired ones among them. */
  records: number
  /** Size in bytes of the copy's B-tree. */
  bytes: number
}

/** The options of whatever reports its progress. */
export const PROGRESS: OptionTable = {
  onProgress: { expected: 'a function', isType: (value) => typeof value === 'function' },
}

/**
 * Checks the arguments of a backup; gives its options.
 * @throws TypeError `ERR_CRUDJT_OPTION`
 */
export function checkBackup(
  target: unknown,
  options: unknown,
  argument = 'The first argument',
): BackupOptions {
  checkPath(target, argument)
  return checkOptions(options, PROGRESS)
}

/** @throws TypeError `ERR_CRUDJT_OPTION` */
export function checkPath(path: unknown, argument = 'The first argument'): asserts path is string {
  if (!folder.isType(path)) {
    throw typeError('ERR_CRUDJT_OPTION', `${argument}: expected ${folder.expected}`)
  }
}

/** Reports progress until the work is done: reports that are still under way then are dropped. */
export async function withProgress<T>(
  { onProgress }: CompactOptions,
  work: (report: OnProgress) => Promise<T>,
): Promise<T> {
  let isDone = false
  try {
    return await work((done, total) => {
      if (!isDone) onProgress?.(done, total)
    })
  } finally {
    isDone = true
  }
}
