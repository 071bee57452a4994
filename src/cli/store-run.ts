/** What all commands on a whole store share: progress, what an interruption leaves, and how they fail. */

import type { ErrorCode } from '../errors.js'
import type { OnProgress } from '../options/backup-options.js'
import { CommandError, STATUS } from './exit.js'
import { inSecret, MISCONFIGURED } from './failure.js'
import { cureOfFolder } from './ownership.js'
import { openBar } from './progress.js'
import { whenInterrupted } from './server/signals.js'
import { readSecret, type Secret, secretsIn } from './settings/secrets.js'
import type { Given } from './settings/settings.js'

/** One run on a store. */
export interface Run {
  /** The store's folder. */
  readonly path: string
  readonly isQuiet: boolean
  /** What to say when it is interrupted. */
  readonly interrupted: string
  /** Where the secret came from, if there is one. */
  readonly secretSource?: string | undefined
  /** The exit status where it can't be done. */
  readonly failed: number
}

/**
 * Does it.
 * @throws Refusal with one line for whatever keeps it from being done
 */
export async function runOnStore<T>(run: Run, work: (tell: OnProgress) => Promise<T>): Promise<T> {
  const bar = await openBar(run.isQuiet)
  const undo = whenInterrupted(() => {
    bar.end()
    return run.interrupted
  })
  try {
    return await work(bar.onProgress)
  } catch (error) {
    throw storeRefusal(error, run)
  } finally {
    bar.end()
    undo()
  }
}

/** The refusal for an error of this package; anything else as it is. */
export function storeRefusal(error: unknown, run: Omit<Run, 'isQuiet' | 'interrupted'>): unknown {
  const { code, message } = error as { code?: ErrorCode; message: string }
  if (!code?.startsWith('ERR_CRUDJT_')) return error
  const cure = /os error 13|may not write/.test(message) ? cureOfFolder(run.path) : undefined
  if (cure !== undefined) {
    return new CommandError(
      STATUS.config,
      `This user may not use the store at ${run.path}: ${cure}`,
    )
  }
  if (code === 'ERR_CRUDJT_STORE_LOCKED') {
    return new CommandError(
      run.failed,
      `${message}: stop it first, or work on a copy that npx crudjt backup makes`,
    )
  }
  const status = MISCONFIGURED.includes(code) ? STATUS.config : run.failed
  const secretSource = run.secretSource ?? ''
  const isSecret = code === 'ERR_CRUDJT_SECRET_KEY'
  return new CommandError(status, isSecret ? inSecret(message, { secretSource }) : message)
}

/** The secrets that were given, if any. */
export function secretsOf(given: { secret_key?: Given; secret_file?: Given }): {
  secret: Secret | undefined
  secret_key: string[] | undefined
} {
  const secret = readSecret(given.secret_key, given.secret_file)
  return { secret, secret_key: secret === undefined ? undefined : secretsIn(secret) }
}
