/** `crudjt repair`: salvages the readable records of a damaged store into a new one beside it. */
import { resolve } from 'node:path'
import type { Finding, RepairReport } from '../../api/maintenance.js'
import { STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { count, findingLines } from '../outcome.js'
import { LONG_OUTPUT, PATH, SECRET } from '../settings/store-settings.js'
import { runOnStore } from './run-on-store.js'

const SETTINGS = {
  ...PATH,
  target: {
    option: 'target',
    placeholder: 'FOLDER',
    help: 'Folder of the new store, which must be missing or empty. Default: PATH.repaired.',
  },
  keep_doubtful: {
    option: 'keep-doubtful',
    help: 'Also salvage records whose later history may be lost in a gap in the journal: some may belong to sessions that were logged out.',
  },
  ...SECRET,
  ...LONG_OUTPUT,
} as const

/** Findings that a new store cannot have and that cost no record. */
const FIXED: readonly Finding['kind'][] = ['keyring', 'expiry']

/** Prints what was salvaged and what was lost. */
export const repair: Command = {
  name: 'repair',
  summary: 'Salvage the readable records of a damaged store into a new one beside it.',
  notes: [
    'The damaged store is only read. Tokens and secret keys stay the same. The secret key is optional; with it, records that only look intact are detected too.',
    'Exit status: 0 everything was salvaged, 1 something is or may be lost, 2 nothing could be done (the store is in use, or no copy of the keyring is readable), 64 usage error, 78 configuration error.',
  ],
  settings: SETTINGS,
  run: (sources) =>
    runOnStore(SETTINGS, sources, ({ values, path, secret }) => {
      // Resolved, since `.` and `store/` would else put the new store into the damaged one.
      const target = values.target?.text ?? `${resolve(path)}.repaired`
      const keep_doubtful = values.keep_doubtful !== undefined
      const options = { secret_key: secret?.keys, target, keep_doubtful }
      return {
        failed: STATUS.unchecked,
        interrupted: `interrupted: ${path} was not changed; remove ${target}, which is incomplete, before you try again`,
        work: ({ repair }, onProgress) => repair(path, { ...options, onProgress }),
        lines: (report) => linesOf(path, report, keep_doubtful),
        status: (report) => (isComplete(report, keep_doubtful) ? 0 : STATUS.unsound),
      }
    }),
}

function isComplete(report: RepairReport, keepsDoubtful: boolean): boolean {
  const { lost, doubtful, findings, finding_count } = report
  if (lost !== 0 || (doubtful > 0 && !keepsDoubtful)) return false
  return findings.length === finding_count && findings.every(({ kind }) => FIXED.includes(kind))
}

function linesOf(path: string, report: RepairReport, keepsDoubtful: boolean): string[] {
  const { salvaged, doubtful, lost, findings, finding_count } = report
  const lines = [`Salvaged ${count(salvaged, 'record')} of ${path} into ${report.path}`]
  if (finding_count > 0) {
    lines.push(count(finding_count, 'finding'), ...findingLines(findings, finding_count))
  }
  if (lost === null)
    lines.push('Lost: an unknown number of records, since nothing tells how many there were')
  else if (lost > 0) lines.push(`Lost: ${count(lost, 'unreadable record')}`)
  if (doubtful > 0) lines.push(doubtfulLine(doubtful, keepsDoubtful))
  lines.push(`${path} was not changed: replace it with ${report.path} once you are satisfied`)
  return lines
}

function doubtfulLine(doubtful: number, areKept: boolean): string {
  const what = `${count(doubtful, 'record')} whose later history may be lost in a gap in the journal`
  if (areKept) return `Kept: ${what}; some may belong to sessions that were logged out`
  return `Left out: ${what}; --keep-doubtful salvages them too`
}
