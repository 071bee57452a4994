/** Listening on a port or a Unix socket. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { CRUDJTError } from '../../errors.js'
import { createPrivately, longestPath } from '../../local/private-socket.js'
import { isLoopback, type Place, socketPathProblem } from '../../local/socket-path.js'
import { type Address, addressText, type Endpoint, endpointOf } from '../wire/address.js'

/** The most connections at a time: each takes some memory before it has said anything. */
export const MAX_CONNECTIONS = 1024

/** Why listening fails, by error code. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use: stop the process that uses it, or set another grpc_port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'permission denied, or the folder of the socket does not exist',
  ENOENT: 'permission denied, or the folder of the socket does not exist',
  ENOTFOUND: 'the host name cannot be resolved',
  EAI_AGAIN: 'the host name cannot be resolved',
}

/** A listening port or socket. */
export interface Listening {
  /** Its address, with the actual port. */
  readonly address: Address
  /** The same in terms of `node:net`. */
  readonly place: Place
  /** Whether it is reachable from this machine only. */
  readonly isLocal: boolean
  /** Accepts no more connections; open ones continue. */
  close(): void
  /** Destroys all connections immediately. */
  destroyConnections(): void
}

/** What hears of a port or socket. */
export interface Listener {
  /** A connection was accepted. */
  connection(socket: Socket): void
  /** A connection could not be accepted. */
  error(error: Error): void
}

/** @throws CRUDJTError `ERR_CRUDJT_LISTEN` with the address and the reason */
export async function listen(address: Address, listener: Listener): Promise<Listening> {
  const endpoint = endpointOf(address)
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    listener.connection(socket)
  })
  server.maxConnections = MAX_CONNECTIONS
  server.on('drop', () => listener.error(new Error(`there are ${MAX_CONNECTIONS} connections`)))
  let remove: () => void
  try {
    remove = await bind(server, endpoint)
  } catch (error) {
    server.close()
    throw notListening(address, error as NodeJS.ErrnoException)
  }
  server.on('error', listener.error)
  const bound = 'path' in endpoint ? undefined : (server.address() as AddressInfo)
  return {
    address: { ...address, grpc_port: bound?.port ?? address.grpc_port },
    place: bound === undefined ? endpoint : { host: bound.address, port: bound.port },
    isLocal: bound === undefined || isLoopback(bound.address),
    close: () => {
      server.close()
      remove()
    },
    destroyConnections: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** @returns removes what the endpoint leaves in the file system */
async function bind(server: Server, endpoint: Endpoint): Promise<() => void> {
  if ('path' in endpoint) {
    const problem = socketPathProblem(longestPath(endpoint.path))
    if (problem !== undefined) throw new Error(problem)
    return createPrivately(endpoint.path, (path) => bindTo(server, { path }))
  }
  await bindTo(server, endpoint)
  return () => {}
}

async function bindTo(server: Server, endpoint: Endpoint): Promise<void> {
  // Without `exclusive`, workers of `node:cluster` would share the port.
  server.listen({ ...endpoint, exclusive: true })
  await once(server, 'listening')
}

function notListening(address: Address, cause: NodeJS.ErrnoException): CRUDJTError {
  const reason = REASONS[cause.code ?? ''] ?? cause.message
  const message = `Can't listen on ${addressText(address)}: ${reason}`
  return new CRUDJTError('ERR_CRUDJT_LISTEN', message, { cause })
}
