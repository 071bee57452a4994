/** `crudjt compact`: makes the files of a store as small as its records are. */
import type { Command } from '../command.js'
import { STATUS } from '../exit.js'
import { count, print, size } from '../outcome.js'
import { needed, readSettings } from '../settings/settings.js'
import { LONG, PATH } from '../settings/store-settings.js'
import { runOnStore } from '../store-run.js'

const SETTINGS = { ...PATH, ...LONG } as const

/** Prints how large it was and is. */
export const compact: Command = {
  name: 'compact',
  summary: 'Gives back the room that removed records left, in a store that nobody has open.',
  notes: [
    'It needs as much free space as the new file takes. Interrupted, it leaves all as it was.',
  ],
  settings: SETTINGS,
  async run(sources) {
    const given = readSettings(SETTINGS, sources)
    const path = needed(given.path, SETTINGS.path)
    const library = await import('../../library.js')
    const run = {
      path,
      isQuiet: given.quiet !== undefined,
      interrupted: 'interrupted: the store is as it was',
      failed: STATUS.failed,
    }
    const report = await runOnStore(run, (onProgress) => library.compact(path, { onProgress }))
    const { records, bytes_before, bytes_after } = report
    const sizes = `${size(bytes_before)} before, ${size(bytes_after)} now`
    print(given.json, report, [`${path}: ${sizes}, ${count(records, 'record')}`])
    return 0
  },
}
