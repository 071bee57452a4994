/** Runs an operation on a whole store, with a progress bar and a message if it is interrupted. */
import type { OnProgress } from '../../options/backup-options.js'
import { type Run, storeFailure } from '../failure.js'
import { openBar } from '../progress.js'
import { onInterrupt } from '../server/signals.js'

/** A run that may take long. */
export interface LongRun extends Run {
  readonly isQuiet: boolean
  /** What to print when it is interrupted. */
  readonly interrupted: string
}

/** @throws CommandError for every error of this package */
export async function runOnStore<T>(
  run: LongRun,
  operation: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const bar = await openBar(run.isQuiet)
  const stopListening = onInterrupt(() => {
    bar.end()
    return run.interrupted
  })
  try {
    return await operation(bar.onProgress)
  } catch (error) {
    throw storeFailure(error, run)
  } finally {
    bar.end()
    stopListening()
  }
}
