/** `crudjt verify`: looks whether a store is whole, and changes nothing. */
import type { VerifyReport } from '../../api/maintenance.js'
import type { Command } from '../command.js'
import { STATUS } from '../exit.js'
import { count, findingLines, print } from '../outcome.js'
import { needed, readSettings } from '../settings/settings.js'
import { LONG, PATH, SECRET } from '../settings/store-settings.js'
import { runOnStore, secretsOf } from '../store-run.js'

const SETTINGS = { ...PATH, ...SECRET, ...LONG } as const

/** Prints what is wrong, if anything, and what there is. */
export const verify: Command = {
  name: 'verify',
  summary: 'Checks a store that nobody has open, also one whose process was killed.',
  notes: [
    'It changes no byte. With the secret key every record is opened; without it their checksums are looked at.',
    'Exit status: 0 sound, 1 something is wrong, 2 it could not be looked at (it is in use, or can not be read), 64 and 78 as of all commands.',
  ],
  settings: SETTINGS,
  async run(sources) {
    const given = readSettings(SETTINGS, sources)
    const path = needed(given.path, SETTINGS.path)
    const { secret, secret_key } = secretsOf(given)
    const library = await import('../../library.js')
    const run = {
      path,
      isQuiet: given.quiet !== undefined,
      interrupted: 'interrupted: the store was not changed',
      secretSource: secret?.source,
      failed: STATUS.unseen,
    }
    const report = await runOnStore(run, (onProgress) =>
      library.verify(path, { secret_key, onProgress }),
    )
    print(given.json, report, linesOf(path, report, secret_key !== undefined))
    return report.sound ? 0 : STATUS.unsound
  },
}

function linesOf(path: string, report: VerifyReport, hasSecret: boolean): string[] {
  const { sound, findings, finding_count } = report
  if (sound) return [`Sound: ${path}`, contents(report, hasSecret)]
  return [
    `Not sound: ${path}, ${count(finding_count, 'finding')}`,
    ...findingLines(findings, finding_count),
    contents(report, hasSecret),
    `To salvage what can be read into a new store: npx crudjt repair ${path}`,
  ]
}

function contents(report: VerifyReport, hasSecret: boolean): string {
  const { records, expired, opened, blocks, segments, entries } = report
  const openings = hasSecret ? `, ${opened.toLocaleString('en')} opened with the secret` : ''
  const journal = `${count(segments, 'segment')} of the journal, ${count(entries, 'operation')} to replay`
  return `${count(records, 'record')} (${expired.toLocaleString('en')} expired${openings}), ${count(blocks, 'block')}, ${journal}`
}
