/** `crudjt health`: queries the health service of a server. */
import { type Address, addressText, endpointOf } from '../../grpc/wire/address.js'
import { LocalSocket } from '../../local/local-stream.js'
import { CommandError, STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { print } from '../outcome.js'
import { ADDRESS, clientOptions, TIMEOUT } from '../settings/address-settings.js'
import { readSettings } from '../settings/settings.js'
import { OUTPUT } from '../settings/store-settings.js'

const SETTINGS = { ...ADDRESS, ...TIMEOUT, ...OUTPUT } as const

const EXITS: Readonly<Record<string, number>> = { SERVING: 0, DEGRADED: STATUS.degraded }

/** How this user's programs on this machine reach a server. */
const TRANSPORTS = { local: 'the local socket', grpc: 'gRPC' } as const

async function transportTo(server: Address): Promise<keyof typeof TRANSPORTS> {
  const socket = await new LocalSocket(endpointOf(server), undefined).connect()
  socket?.destroy()
  return socket === undefined ? 'grpc' : 'local'
}

/** Prints one line: that the server serves, or why that is unknown. */
export const health: Command = {
  name: 'health',
  summary: 'Check whether a server is serving: exit status 0 if it is, 1 if not, 3 if degraded.',
  notes: [
    'Degraded: reads are served, but the store is damaged, its disk is full or it refuses writes; the server logs which.',
    'No access key is needed: the health service answers every client.',
  ],
  settings: SETTINGS,
  async run(sources) {
    const values = readSettings(SETTINGS, sources)
    const { timeout_ms, ...server } = clientOptions(values)
    const { checkHealth } = await import('../server/check-health.js')
    const address = addressText(server)
    const { status, reason } = await checkHealth(address, timeout_ms)
    const exit = status === undefined ? STATUS.failed : (EXITS[status] ?? STATUS.failed)
    if (exit !== STATUS.failed || values.json !== undefined) {
      const because = reason === undefined ? '' : `: ${reason}`
      const transport = await transportTo(server)
      const line = `${status} at ${address}, by ${TRANSPORTS[transport]}${because}`
      print(values.json, { address, transport, status: status ?? null, reason }, [line])
      return exit
    }
    throw new CommandError(STATUS.failed, `no healthy server at ${address}: ${status ?? reason}`)
  },
}
