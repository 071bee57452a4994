/** The address of a server and its access key: shared by the server and its clients. */
import type { Address } from '../../grpc/wire/address.js'
import { DEFAULT_ADDRESS, optionKind } from '../../options/store-options.js'
import { named, parseOr, type Values } from './settings.js'

/** Wildcard addresses, which a server can listen on but a client cannot connect to. */
const WILDCARDS: Readonly<Record<string, string>> = {
  '0.0.0.0': '127.0.0.1',
  '::': '::1',
  '[::]': '::1',
}

/** Host and port. The container sets the variables with DOCKER in their names. */
export const ADDRESS = {
  grpc_host: {
    option: 'host',
    placeholder: 'HOST',
    env: ['CRUDJT_HOST', 'CRUDJT_DOCKER_HOST'],
    help: `Host name, IP address, or unix: and the path of a socket. Default: ${DEFAULT_ADDRESS.grpc_host}.`,
  },
  grpc_port: {
    option: 'port',
    placeholder: 'PORT',
    env: ['CRUDJT_PORT', 'CRUDJT_DOCKER_PORT'],
    help: `Port number. Default: ${DEFAULT_ADDRESS.grpc_port}.`,
  },
} as const

/** The key that server and clients prove to each other. */
export const ACCESS = {
  access_key_file: {
    ...named('access-key-file', 'FILE'),
    help: 'File with the key that server and clients prove to each other. Default: none is needed.',
  },
  access_key: {
    env: ['CRUDJT_ACCESS_KEY'],
    help: 'The access key itself. Takes precedence over CRUDJT_ACCESS_KEY_FILE.',
  },
} as const

/** How long a client waits. */
export const TIMEOUT = {
  timeout_ms: {
    ...named('timeout-ms', 'MS'),
    help: 'Milliseconds to wait for a reply of the server. Default: 3000.',
  },
} as const

const DEFAULT_TIMEOUT_MS = 3000

/**
 * The address to connect to, and how long to wait.
 * @throws CommandError for an invalid value
 */
export function clientOptions(
  values: Values<keyof typeof ADDRESS | 'timeout_ms'>,
): Address & { timeout_ms: number } {
  const host = parseOr(values.grpc_host, optionKind('grpc_host'), DEFAULT_ADDRESS.grpc_host)
  return {
    grpc_host: WILDCARDS[host] ?? host,
    grpc_port: parseOr(values.grpc_port, optionKind('grpc_port'), DEFAULT_ADDRESS.grpc_port),
    timeout_ms: parseOr(values.timeout_ms, optionKind('timeout_ms'), DEFAULT_TIMEOUT_MS),
  }
}
