/** `crudjt health`: asks a server's health service whether it serves. */
import type { OptionKind } from '../check-options.js'
import { type Address, addressText } from '../grpc/address.js'
import { DEFAULT_ADDRESS, optionKind } from '../options.js'
import { ADDRESS } from './address-settings.js'
import type { Command } from './command.js'
import { Refusal, STATUS } from './exit.js'
import { type Given, parseValue, readSettings } from './settings.js'

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

/** Hosts that one can listen on, but that name nobody to ask. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' }

/** Prints one line: that it serves, or why that can't be said. */
export const health: Command = {
  name: 'health',
  summary: 'Asks a running server whether it serves; exit status 0 if so, else 1.',
  notes: ['It needs no access key: health is told to everybody who reaches the port.'],
  settings: SETTINGS,
  async run(sources) {
    const given = readSettings(SETTINGS, sources)
    const host = value(given.grpc_host, optionKind('grpc_host'), DEFAULT_ADDRESS.grpc_host)
    const address: Address = {
      grpc_host: ANY[host] ?? host,
      grpc_port: value(given.grpc_port, optionKind('grpc_port'), DEFAULT_ADDRESS.grpc_port),
    }
    await ask(address, value(given.timeout_ms, optionKind('timeout_ms'), DEFAULT_TIMEOUT_MS))
    process.stdout.write(`SERVING at ${addressText(address)}\n`)
    return 0
  },
}

function value<T extends string | number>(given: Given | undefined, kind: OptionKind, other: T): T {
  return given === undefined ? other : (parseValue(given, kind) as T)
}

/** @throws Refusal unless it serves */
async function ask(address: Address, timeout: number): Promise<void> {
  const { checkHealth } = await import('./check-health.js')
  const answer = await checkHealth(addressText(address), timeout)
  if (answer === 'SERVING') return
  throw new Refusal(STATUS.failed, `no healthy server at ${addressText(address)}: ${answer}`)
}
