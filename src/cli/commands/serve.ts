/** `crudjt serve`: a master as a process of its own. */
import type { Command } from '../command.js'
import { SETTINGS } from '../settings/serve-settings.js'
import { readSettings } from '../settings/settings.js'

/** Serves until SIGTERM or SIGINT. */
export const serve: Command = {
  name: 'serve',
  summary: 'Serves a store to clients in other processes, until SIGTERM or SIGINT.',
  notes: [
    'Secrets are read from files or the environment only: everybody can see the options of a process.',
    'It logs one JSON object a line to standard output. A second signal ends it at once.',
  ],
  settings: SETTINGS,
  async run(sources) {
    const given = readSettings(SETTINGS, sources)
    // The other commands need neither the engine nor the log, which take a while to load.
    const { runServer } = await import('../server/serve.js')
    return runServer(given)
  },
}
