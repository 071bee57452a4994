/** Where a master is: a port of a host, or a Unix socket. */
import { typeError } from '../../errors.js'
import { type AddressOptions, DEFAULT_ADDRESS } from '../../options/store-options.js'

/** A master's address, as options take it. */
export interface Address {
  readonly grpc_host: string
  readonly grpc_port: number
}

/** The same as `node:net` takes it. */
export type Endpoint = { readonly path: string } | { readonly host: string; readonly port: number }

/** What stands in front of a socket's path. */
export const UNIX = 'unix:'

/** The address that options name. */
export function addressOf(options: AddressOptions): Address {
  return {
    grpc_host: options.grpc_host ?? DEFAULT_ADDRESS.grpc_host,
    grpc_port: options.grpc_port ?? DEFAULT_ADDRESS.grpc_port,
  }
}

/** @throws TypeError `ERR_CRUDJT_OPTION` for a Unix socket on Windows or one without a path */
export function endpointOf(address: Address, platform = process.platform): Endpoint {
  const { grpc_host, grpc_port } = address
  if (!grpc_host.startsWith(UNIX)) return { host: bare(grpc_host), port: grpc_port }
  const path = grpc_host.slice(UNIX.length).replace(/^\/\/(?=\/)/, '')
  if (platform === 'win32') throw refusal('Unix sockets do not exist on Windows: give a host')
  if (path === '') throw refusal("expected a path behind 'unix:'")
  return { path }
}

function refusal(reason: string): Error {
  return typeError('ERR_CRUDJT_OPTION', `Option 'grpc_host': ${reason}`)
}

/** An IPv6 address may stand in brackets. */
function bare(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

/** An address for people. */
export function addressText({ grpc_host, grpc_port }: Address): string {
  if (grpc_host.startsWith(UNIX)) return grpc_host
  const host = bare(grpc_host)
  return host.includes(':') ? `[${host}]:${grpc_port}` : `${host}:${grpc_port}`
}
