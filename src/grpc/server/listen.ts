/**
 * Listening on a port or a Unix socket. A stale socket file of a dead master is replaced; a socket that
 * is in use, or any other file at its path, is an error.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { CRUDJTError } from '../../errors.js'
import { type Address, addressText, type Endpoint, endpointOf } from '../wire/address.js'

/** A listening port or socket. */
export interface Listening {
  /** Its address, with the actual port. */
  readonly address: Address
  /** Whether it is reachable from this machine only. */
  readonly isLocal: boolean
  /** Accepts no more connections; open ones continue. */
  close(): void
  /** Destroys all connections immediately. */
  destroyConnections(): void
}

/** @throws CRUDJTError `ERR_CRUDJT_LISTEN` with the address and the reason */
export async function listen(
  address: Address,
  onConnection: (socket: Socket) => void,
): Promise<Listening> {
  const endpoint = endpointOf(address)
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    onConnection(socket)
  })
  try {
    await bind(server, endpoint)
  } catch (error) {
    throw notListening(address, error as NodeJS.ErrnoException)
  }
  return {
    address: { ...address, grpc_port: portOf(server, address) },
    isLocal: 'path' in endpoint || isLoopback((server.address() as AddressInfo).address),
    close: () => server.close(),
    destroyConnections: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function portOf(server: Server, { grpc_port }: Address): number {
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : grpc_port
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address)
}

async function bind(server: Server, endpoint: Endpoint): Promise<void> {
  if (!('path' in endpoint)) return bound(server, () => server.listen(exclusive(endpoint)))
  const { path } = endpoint
  try {
    await bound(server, () => listenPrivately(server, path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    await removeStale(path)
    await bound(server, () => listenPrivately(server, path))
  }
}

/** Without `exclusive`, workers of `node:cluster` would share the port. */
function exclusive<T extends Endpoint>(endpoint: T): T & { exclusive: true } {
  return { ...endpoint, exclusive: true }
}

function bound(server: Server, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    begin()
  })
}

/** Creates the file with mode 0600. A worker thread cannot set a umask: there the mode follows. */
function listenPrivately(server: Server, path: string): void {
  const before = isMainThread ? process.umask(0o177) : undefined
  try {
    server.listen(exclusive({ path }))
  } finally {
    if (before !== undefined) process.umask(before)
  }
  server.once('listening', () => chmodSync(path, 0o600))
}

/** @throws unless the file is a socket that no process listens on */
async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path).isSocket()) throw new Error('the file exists and is not a socket')
  if (await answers(path)) throw new Error('another process is listening there')
  unlinkSync(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}

function notListening(address: Address, cause: NodeJS.ErrnoException): CRUDJTError {
  const message = `Can't listen on ${addressText(address)}: ${reasonOf(cause)}`
  return new CRUDJTError('ERR_CRUDJT_LISTEN', message, { cause })
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use: stop the process that uses it, or set another grpc_port'
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address'
    case 'EACCES':
      return 'permission denied, or the folder of the socket does not exist'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name cannot be resolved'
    default:
      return message
  }
}
