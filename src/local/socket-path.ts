/**
 * Where the local socket of a master is.
 *
 * Invariant: whoever has a port has the name of its socket. A name holds the address that the master
 * listens on and its network namespace, since one port may belong to several masters by those.
 */
import { lookup } from 'node:dns/promises'
import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { runFolders } from './run-folder.js'

/** What a master listens on, or a client connects to, in terms of `node:net`. */
export type Place = { readonly path: string } | { readonly host: string; readonly port: number }

/** The option `local`: none, a path, or the place that follows from the address. */
export type LocalOption = false | string | undefined

/** The most bytes of a Unix socket's path: the size of `sun_path`. What is longer would be cut. */
export const MAX_SOCKET_PATH_BYTES = process.platform === 'linux' ? 108 : 104

/** Why a path is too long for a Unix socket; undefined if it is not. */
export function socketPathProblem(path: string): string | undefined {
  const size = Buffer.byteLength(path)
  if (size <= MAX_SOCKET_PATH_BYTES) return undefined
  return `on this system the path of a socket can have at most ${MAX_SOCKET_PATH_BYTES} bytes, and this one needs ${size}`
}

/** The addresses that a connection to a loopback address may be accepted on, the most specific first. */
const WILDCARDS = { 4: ['0.0.0.0', '::'], 6: ['::'] } as const

/**
 * The socket of a master.
 * @param place what it listens on, with the address and the port that it has got
 * @returns the name, and its folder if that is one of `runFolders`; undefined if it can have none
 */
export function masterSocket(
  place: Place,
): { readonly path: string; readonly folder?: string } | undefined {
  if ('path' in place) return { path: `${place.path}.local` }
  const [folder] = runFolders()
  const name = nameOf(place.host, place.port)
  if (folder === undefined || name === undefined) return undefined
  return { path: join(folder, name), folder }
}

/** The paths at which a client looks for the socket of the master at a place, the likeliest first. */
export async function clientPaths(place: Place, option: LocalOption): Promise<string[]> {
  if (option === false) return []
  if (option !== undefined) return [option]
  if ('path' in place) return [`${place.path}.local`]
  return pathsOf(await loopbackAddresses(place.host), place.port)
}

/** The same without looking names up: `localhost` stands for both loopback addresses. */
export function clientPathsSync(place: Place, option: LocalOption): string[] {
  if (option === false) return []
  if (option !== undefined) return [option]
  if ('path' in place) return [`${place.path}.local`]
  const addresses = place.host === 'localhost' ? ['127.0.0.1', '::1'] : [place.host]
  return pathsOf(addresses.filter(isLoopback), place.port)
}

function pathsOf(addresses: string[], port: number): string[] {
  const listened = addresses.flatMap((address) => [address, ...WILDCARDS[isIP(address) as 4 | 6]])
  const names = listened.flatMap((address) => nameOf(address, port) ?? [])
  return runFolders().flatMap((folder) => names.map((name) => join(folder, name)))
}

/** The addresses of this machine that a host stands for; none if it is, or may be, another one. */
async function loopbackAddresses(host: string): Promise<string[]> {
  const isName = isIP(host) === 0
  if (isName && host !== 'localhost') return []
  const found = isName ? await lookup(host, { all: true }).catch(() => []) : [{ address: host }]
  const addresses = found.map(({ address }) => address)
  return addresses.every(isLoopback) ? addresses : []
}

/** Whether an address is one of this machine only. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address)
}

/** The name of the socket of the master that listens on an address; undefined if it can't be told. */
function nameOf(address: string, port: number): string | undefined {
  const namespace = networkNamespace()
  return namespace === undefined ? undefined : `${namespace}-${address}-${port}`
}

/** Identifies the network that this process sees: a number, or nothing where there is one only. */
function networkNamespace(): string | undefined {
  if (process.platform !== 'linux') return 'net'
  try {
    return String(statSync('/proc/self/ns/net').ino)
  } catch {
    return undefined
  }
}
