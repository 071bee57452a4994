/** Where the server is: the same settings for the one that listens and for the one that asks. */
import type { Address } from '../../grpc/wire/address.js'
import { DEFAULT_ADDRESS, optionKind } from '../../options/store-options.js'
import { type Given, valueOr } from './settings.js'

/** Hosts that one can listen on, but that name nobody to ask. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' }

/** Host and port. The variables with DOCKER in their names are those of the container. */
export const ADDRESS = {
  grpc_host: {
    option: 'host',
    takes: 'HOST',
    env: ['CRUDJT_HOST', 'CRUDJT_DOCKER_HOST'],
    help: `A host, or unix: and the path of a socket. Default: ${DEFAULT_ADDRESS.grpc_host}.`,
  },
  grpc_port: {
    option: 'port',
    takes: 'PORT',
    env: ['CRUDJT_PORT', 'CRUDJT_DOCKER_PORT'],
    help: `Default: ${DEFAULT_ADDRESS.grpc_port}.`,
  },
} as const

/** What clients have to show. */
export const ACCESS = {
  access_key_file: {
    option: 'access-key-file',
    takes: 'FILE',
    env: ['CRUDJT_ACCESS_KEY_FILE'],
    help: 'The file that holds what clients have to show. Default: everybody is answered.',
  },
  access_key: {
    env: ['CRUDJT_ACCESS_KEY'],
    help: 'The access key itself. It comes before CRUDJT_ACCESS_KEY_FILE.',
  },
} as const

/**
 * Where to ask for the server.
 * @throws Refusal for a value of the wrong kind
 */
export function addressToAsk(given: Partial<Record<keyof typeof ADDRESS, Given>>): Address {
  const host = valueOr(given.grpc_host, optionKind('grpc_host'), DEFAULT_ADDRESS.grpc_host)
  return {
    grpc_host: ANY[host] ?? host,
    grpc_port: valueOr(given.grpc_port, optionKind('grpc_port'), DEFAULT_ADDRESS.grpc_port),
  }
}
