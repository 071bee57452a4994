/** `crudjt serve`: a master as a process of its own. */
import type { Command } from '../help.js'
import { SETTINGS } from '../settings/serve-options.js'
import { readSettings } from '../settings/settings.js'

/** Serves until SIGTERM or SIGINT. */
export const serve: Command = {
  name: 'serve',
  summary: 'Serve a store to clients in other processes until SIGTERM or SIGINT.',
  notes: [
    'Secrets are read from files or environment variables only: other users can see the options of a process.',
    'The log goes to standard output, one JSON object per line. A second signal ends the process at once. SIGHUP has the secrets read again.',
  ],
  settings: SETTINGS,
  async run(sources) {
    const values = readSettings(SETTINGS, sources)
    // The engine and the logger load slowly, and no other command needs both.
    const { runServer } = await import('../server/serve.js')
    return runServer(values)
  },
}
