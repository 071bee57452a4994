/** `crudjt verify`: checks the integrity of a store and changes nothing. */
import type { VerifyReport } from '../../api/maintenance.js'
import { STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { count, findingLines } from '../outcome.js'
import { LONG_OUTPUT, PATH, SECRET } from '../settings/store-settings.js'
import { runOnStore } from './run-on-store.js'

const SETTINGS = { ...PATH, ...SECRET, ...LONG_OUTPUT } as const

/** Prints the defects, if any, and the contents of the store. */
export const verify: Command = {
  name: 'verify',
  summary: 'Check the integrity of a store that is not in use, also after its process was killed.',
  notes: [
    'The store is not changed. With the secret key every record is decrypted; without it only checksums are checked.',
    'Exit status: 0 sound, 1 defects found, 3 sound, but damage has cost tokens before (`crudjt health` says DEGRADED then), 2 the check was not possible (the store is in use or unreadable), 64 usage error, 78 configuration error.',
  ],
  settings: SETTINGS,
  run: (sources) =>
    runOnStore(SETTINGS, sources, ({ path, secret }) => ({
      failed: STATUS.unchecked,
      work: ({ verify }, onProgress) => verify(path, { secret_key: secret?.keys, onProgress }),
      lines: (report) => linesOf(path, report, secret !== undefined),
      status: ({ sound, kept }) => {
        if (!sound) return STATUS.unsound
        return kept.length === 0 ? 0 : STATUS.degraded
      },
    })),
}

function linesOf(path: string, report: VerifyReport, hasSecret: boolean): string[] {
  const { sound, findings, finding_count, kept } = report
  if (sound && kept.length === 0) return [`Sound: ${path}`, contents(report, hasSecret)]
  if (sound) {
    const files = kept.join(' and ')
    return [
      `Sound, but it has lost tokens before: ${path}`,
      contents(report, hasSecret),
      `${files} of its folder ${kept.length === 1 ? 'keeps' : 'keep'} the damaged blocks: check the disk, then restore a backup, or remove ${files} to accept the loss`,
    ]
  }
  return [
    `Not sound: ${path}, ${count(finding_count, 'finding')}`,
    ...findingLines(findings, finding_count),
    contents(report, hasSecret),
    `To salvage the readable records into a new store: npx crudjt repair ${path}`,
  ]
}

function contents(report: VerifyReport, hasSecret: boolean): string {
  const { records, expired, opened, blocks, segments, entries } = report
  const decrypted = hasSecret ? `, ${opened.toLocaleString('en')} decrypted` : ''
  const journal = `${count(segments, 'journal segment')}, ${count(entries, 'operation')} to replay`
  return `${count(records, 'record')} (${expired.toLocaleString('en')} expired${decrypted}), ${count(blocks, 'block')}, ${journal}`
}
