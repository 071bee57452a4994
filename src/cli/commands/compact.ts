/** `crudjt compact`: shrinks the files of a store to the size of its records. */
import { STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { count, print, size } from '../outcome.js'
import { readSettings, required } from '../settings/settings.js'
import { LONG_OUTPUT, PATH } from '../settings/store-settings.js'
import { runOnStore } from './run-on-store.js'

const SETTINGS = { ...PATH, ...LONG_OUTPUT } as const

/** Prints the sizes before and after. */
export const compact: Command = {
  name: 'compact',
  summary: 'Reclaim the space of removed records in a store that is not in use.',
  notes: ['It needs free space for the new file. If interrupted, it leaves the store unchanged.'],
  settings: SETTINGS,
  async run(sources) {
    const values = readSettings(SETTINGS, sources)
    const path = required(values.path, SETTINGS.path)
    const library = await import('../../library.js')
    const run = {
      path,
      access: 'write',
      isQuiet: values.quiet !== undefined,
      interrupted: 'interrupted: the store was not changed',
      failed: STATUS.failed,
    } as const
    const report = await runOnStore(run, (onProgress) => library.compact(path, { onProgress }))
    const { records, bytes_before, bytes_after } = report
    const sizes = `${size(bytes_before)} before, ${size(bytes_after)} now`
    print(values.json, report, [`${path}: ${sizes}, ${count(records, 'record')}`])
    return 0
  },
}
