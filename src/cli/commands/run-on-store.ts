/** The frame of the commands that work on a whole store: settings, progress bar, errors and report. */
import type { OnProgress } from '../../options/backup-options.js'
import { STATUS } from '../exit.js'
import { type Run, storeFailure } from '../failure.js'
import { print } from '../outcome.js'
import { openBar } from '../progress.js'
import { onInterrupt } from '../server/signals.js'
import { readSecretKeys, type SecretKeys } from '../settings/secrets.js'
import {
  readSettings,
  required,
  type Settings,
  type Sources,
  type Values,
} from '../settings/settings.js'
import { PATH } from '../settings/store-settings.js'

/** The library, which loads slowly. */
export type Library = typeof import('../../library.js')

/** What a command is given. */
type Given<Name extends string> = {
  values: Values<Name>
  path: string
  secret?: SecretKeys | undefined
}

/** What a command does with a store. */
interface Plan<Report> extends Partial<Pick<Run, 'access' | 'failed'>> {
  /** What to print when it is interrupted. Left out: the store was not changed. */
  readonly interrupted?: string
  work(library: Library, onProgress: OnProgress): Promise<Report>
  /** The report as text. */
  lines(report: Report): string[]
  /** The exit status. Left out: 0. */
  status?(report: Report): number
}

/**
 * Runs a command, with a progress bar if it can be hidden, and prints its report.
 * @returns the exit status
 * @throws CommandError for invalid settings and for every error of this package
 */
export async function runOnStore<Name extends string, Report extends object>(
  settings: Settings<Name>,
  sources: Sources,
  planOf: (given: Given<Name>) => Plan<Report>,
): Promise<number> {
  const values = readSettings(settings, sources)
  const common: Values = values
  const path = required(common.path, PATH.path)
  const secret = readSecretKeys(common)
  const plan = planOf({ values, path, secret })
  const library = await import('../../library.js')
  const bar = await openBar(!('quiet' in settings) || common.quiet !== undefined)
  const stopListening = onInterrupt(() => {
    bar.end()
    return plan.interrupted ?? 'interrupted: the store was not changed'
  })
  try {
    const report = await plan.work(library, bar.onProgress)
    bar.end()
    print(common.json, report, plan.lines(report))
    return plan.status?.(report) ?? 0
  } catch (error) {
    const run = { path, access: 'read', failed: STATUS.failed, ...plan } as const
    throw storeFailure(error, { ...run, secretSource: secret?.source })
  } finally {
    bar.end()
    stopListening()
  }
}
