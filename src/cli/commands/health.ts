/** `crudjt health`: queries the health service of a server. */
import { addressText } from '../../grpc/wire/address.js'
import { CommandError, STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { print } from '../outcome.js'
import { ADDRESS, clientOptions, TIMEOUT } from '../settings/address-settings.js'
import { readSettings } from '../settings/settings.js'
import { OUTPUT } from '../settings/store-settings.js'

const SETTINGS = { ...ADDRESS, ...TIMEOUT, ...OUTPUT } as const

/** Prints one line: that the server serves, or why that is unknown. */
export const health: Command = {
  name: 'health',
  summary: 'Check whether a server is serving: exit status 0 if it is, 1 if not.',
  notes: ['No access key is needed: the health service answers every client.'],
  settings: SETTINGS,
  async run(sources) {
    const values = readSettings(SETTINGS, sources)
    const { timeout_ms, ...server } = clientOptions(values)
    const { checkHealth } = await import('../server/check-health.js')
    const address = addressText(server)
    const { status, reason } = await checkHealth(address, timeout_ms)
    const isServing = status === 'SERVING'
    if (isServing || values.json !== undefined) {
      print(values.json, { address, status: status ?? null, reason }, [`${status} at ${address}`])
      return isServing ? 0 : STATUS.failed
    }
    throw new CommandError(STATUS.failed, `no healthy server at ${address}: ${status ?? reason}`)
  },
}
