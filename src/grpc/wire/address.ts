/** The address of a master: host and port, or a Unix socket. */
import { typeError } from '../../errors.js'
import { type Place, socketPathProblem } from '../../local/socket-path.js'
import { type AddressOptions, DEFAULT_ADDRESS } from '../../options/store-options.js'

/** A master's address in terms of the options. */
export interface Address {
  readonly grpc_host: string
  readonly grpc_port: number
}

/** A master's address in terms of `node:net`. */
export type Endpoint = Place

/** The prefix of a `grpc_host` that is a Unix socket. */
export const UNIX_PREFIX = 'unix:'

/** The address in options, or the default one. */
export function addressOf(options: AddressOptions): Address {
  return {
    grpc_host: options.grpc_host ?? DEFAULT_ADDRESS.grpc_host,
    grpc_port: options.grpc_port ?? DEFAULT_ADDRESS.grpc_port,
  }
}

/**
 * @throws TypeError `ERR_CRUDJT_OPTION` for a URL or a host with a port, and for a Unix socket without a
 *   path, or on Windows
 */
export function endpointOf(address: Address, platform = process.platform): Endpoint {
  const { grpc_host, grpc_port } = address
  if (!grpc_host.startsWith(UNIX_PREFIX)) return { host: hostOf(grpc_host), port: grpc_port }
  const path = grpc_host.slice(UNIX_PREFIX.length).replace(/^\/\/(?=\/)/, '')
  if (platform === 'win32') throw invalid('Unix sockets are not supported on Windows: use a host')
  if (path === '') throw invalid("expected a path after 'unix:'")
  return { path }
}

/** The same for a client. @throws also for a socket's path that is too long */
export function connectEndpointOf(address: Address): Endpoint {
  const endpoint = endpointOf(address)
  const problem = 'path' in endpoint ? socketPathProblem(endpoint.path) : undefined
  if (problem !== undefined) throw invalid(problem)
  return endpoint
}

function hostOf(grpc_host: string): string {
  const host = unbracketed(grpc_host)
  if (/[/\s\]]|^[^:]*:\d*$/.test(host))
    throw invalid("expected a host name, an IP address or 'unix:/path'; the port is 'grpc_port'")
  return host
}

function invalid(reason: string): Error {
  return typeError('ERR_CRUDJT_OPTION', `Option 'grpc_host': ${reason}`)
}

/** A host without the brackets that an IPv6 address may have. */
function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

/** An address for display. */
export function addressText({ grpc_host, grpc_port }: Address): string {
  if (grpc_host.startsWith(UNIX_PREFIX)) return grpc_host
  const host = unbracketed(grpc_host)
  return host.includes(':') ? `[${host}]:${grpc_port}` : `${host}:${grpc_port}`
}
