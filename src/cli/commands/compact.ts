/** `crudjt compact`: shrinks the files of a store to the size of its records. */
import type { Command } from '../help.js'
import { count, size } from '../outcome.js'
import { LONG_OUTPUT, PATH } from '../settings/store-settings.js'
import { runOnStore } from './run-on-store.js'

const SETTINGS = { ...PATH, ...LONG_OUTPUT } as const

/** Prints the sizes before and after. */
export const compact: Command = {
  name: 'compact',
  summary: 'Reclaim the space of removed records in a store that is not in use.',
  notes: ['It needs free space for the new file. If interrupted, it leaves the store unchanged.'],
  settings: SETTINGS,
  run: (sources) =>
    runOnStore(SETTINGS, sources, ({ path }) => ({
      access: 'write',
      work: ({ compact }, onProgress) => compact(path, { onProgress }),
      lines({ records, bytes_before, bytes_after }) {
        const sizes = `${size(bytes_before)} before, ${size(bytes_after)} now`
        return [`${path}: ${sizes}, ${count(records, 'record')}`]
      },
    })),
}
