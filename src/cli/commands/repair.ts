/** `crudjt repair`: salvages what can be read of a damaged store into a new one beside it. */
import type { Finding, RepairReport } from '../../api/maintenance.js'
import type { Command } from '../command.js'
import { STATUS } from '../exit.js'
import { count, findingLines, print } from '../outcome.js'
import { needed, readSettings } from '../settings/settings.js'
import { LONG, PATH, SECRET } from '../settings/store-settings.js'
import { runOnStore, secretsOf } from '../store-run.js'

const SETTINGS = {
  ...PATH,
  target: {
    option: 'target',
    takes: 'FOLDER',
    help: 'Where the new store is made: a folder that is missing or empty. Default: PATH.repaired.',
  },
  keep_doubtful: {
    option: 'keep-doubtful',
    help: 'Takes records along of which a hole in the journal may hide the end: some may be of sessions that were logged out.',
  },
  ...SECRET,
  ...LONG,
} as const

/** What a new store no longer has: nothing of what was found there is lost. */
const CURED: readonly Finding['kind'][] = ['keyring', 'expiry']

/** Prints what was salvaged and what was lost. */
export const repair: Command = {
  name: 'repair',
  summary: 'Salvages what can be read of a damaged store into a new one beside it.',
  notes: [
    'The damaged store is only read. Tokens and secrets stay the same; the secret key is not needed, but finds records that only look right.',
    'Exit status: 0 everything was salvaged, 1 something is or may be lost, 2 nothing could be done (the store is in use, no copy of the keyring can be read), 64 and 78 as of all commands.',
  ],
  settings: SETTINGS,
  async run(sources) {
    const given = readSettings(SETTINGS, sources)
    const path = needed(given.path, SETTINGS.path)
    const target = given.target?.text ?? `${path.replace(/(?<=.)[/\\]+$/, '')}.repaired`
    const keep_doubtful = given.keep_doubtful !== undefined
    const { secret, secret_key } = secretsOf(given)
    const library = await import('../../library.js')
    const run = {
      path,
      isQuiet: given.quiet !== undefined,
      interrupted: `interrupted: ${path} is as it was; remove ${target}, which is not whole, before you try again`,
      secretSource: secret?.source,
      failed: STATUS.unseen,
    }
    const report = await runOnStore(run, (onProgress) =>
      library.repair(path, { secret_key, target, keep_doubtful, onProgress }),
    )
    print(given.json, report, linesOf(path, report, keep_doubtful))
    return isWhole(report, keep_doubtful) ? 0 : STATUS.unsound
  },
}

function isWhole(report: RepairReport, keepsDoubtful: boolean): boolean {
  const { lost, doubtful, findings, finding_count } = report
  if (lost > 0 || (doubtful > 0 && !keepsDoubtful)) return false
  return findings.length === finding_count && findings.every(({ kind }) => CURED.includes(kind))
}

function linesOf(path: string, report: RepairReport, keepsDoubtful: boolean): string[] {
  const { salvaged, doubtful, lost, findings, finding_count } = report
  const lines = [`Salvaged ${count(salvaged, 'record')} of ${path} into ${report.path}`]
  if (finding_count > 0) {
    lines.push(`Found: ${count(finding_count, 'thing')}`, ...findingLines(findings, finding_count))
  }
  if (lost > 0) lines.push(`Lost: ${count(lost, 'record')} that can't be read any more`)
  if (doubtful > 0) lines.push(doubtfulLine(doubtful, keepsDoubtful))
  lines.push(`${path} is as it was: put ${report.path} in its place when you are content with it`)
  return lines
}

function doubtfulLine(doubtful: number, areKept: boolean): string {
  const what = `${count(doubtful, 'record')} of which a hole in the journal may hide the end`
  if (areKept) return `Kept: ${what}; some may be of sessions that were logged out`
  return `Left out: ${what}; --keep-doubtful takes them along`
}
