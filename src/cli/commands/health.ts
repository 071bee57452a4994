/** `crudjt health`: asks a server's health service whether it serves. */
import { type Address, addressText } from '../../grpc/wire/address.js'
import { optionKind } from '../../options/store-options.js'
import type { Command } from '../command.js'
import { CommandError, STATUS } from '../exit.js'
import { ADDRESS, addressToAsk } from '../settings/address-settings.js'
import { readSettings, valueOr } from '../settings/settings.js'

const SETTINGS = {
  ...ADDRESS,
  timeout_ms: {
    option: 'timeout-ms',
    takes: 'MS',
    env: ['CRUDJT_TIMEOUT_MS'],
    help: 'How long to wait for an answer. Default: 3000.',
  },
} as const

const DEFAULT_TIMEOUT_MS = 3000

/** Prints one line: that it serves, or why that can't be said. */
export const health: Command = {
  name: 'health',
  summary: 'Asks a running server whether it serves; exit status 0 if so, else 1.',
  notes: ['It needs no access key: health is told to everybody who reaches the port.'],
  settings: SETTINGS,
  async run(sources) {
    const given = readSettings(SETTINGS, sources)
    const address = addressToAsk(given)
    await ask(address, valueOr(given.timeout_ms, optionKind('timeout_ms'), DEFAULT_TIMEOUT_MS))
    process.stdout.write(`SERVING at ${addressText(address)}\n`)
    return 0
  },
}

/** @throws Refusal unless it serves */
async function ask(address: Address, timeout: number): Promise<void> {
  const { checkHealth } = await import('../server/check-health.js')
  const answer = await checkHealth(addressText(address), timeout)
  if (answer === 'SERVING') return
  throw new CommandError(STATUS.failed, `no healthy server at ${addressText(address)}: ${answer}`)
}
