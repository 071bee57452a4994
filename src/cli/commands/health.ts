/** `crudjt health`: queries the health service of a server. */
import { addressText } from '../../grpc/wire/address.js'
import { CommandError, STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { ADDRESS, clientOptions, TIMEOUT } from '../settings/address-settings.js'
import { readSettings } from '../settings/settings.js'

const SETTINGS = { ...ADDRESS, ...TIMEOUT } as const

/** Prints one line: that the server serves, or why that is unknown. */
export const health: Command = {
  name: 'health',
  summary: 'Check whether a server is serving: exit status 0 if it is, 1 if not.',
  notes: ['No access key is needed: the health service answers every client.'],
  settings: SETTINGS,
  async run(sources) {
    const { timeout_ms, ...address } = clientOptions(readSettings(SETTINGS, sources))
    const { checkHealth } = await import('../server/check-health.js')
    const at = addressText(address)
    const status = await checkHealth(at, timeout_ms)
    if (status !== 'SERVING') {
      throw new CommandError(STATUS.failed, `no healthy server at ${at}: ${status}`)
    }
    process.stdout.write(`SERVING at ${at}\n`)
    return 0
  },
}
