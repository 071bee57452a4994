/**
 * Tickets: how a client shows that it may write to the folder of its master's store. It puts a small
 * file with a random name there, which holds what it asks for, and names the file over the wire; the
 * master takes it out of its own folder.
 *
 * So whoever only reaches the port can't have a master write anything, and a master that has another
 * store than the client means does not find the ticket. The engine knows these files by their names.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CRUDJTError } from '../../errors.js'

/** A name is as long as a token, and travels in its place. */
const NAME = /^[A-Za-z0-9_-]{22}$/
/** No path that a system takes is longer. */
const MOST_BYTES = 65_536

const fileOf = (folder: string, name: string) => join(folder, `ticket-${name}`)

/**
 * Writes a ticket that asks for something.
 * @returns its name
 * @throws CRUDJTError `ERR_CRUDJT_PATH` if this process may not write to the folder
 */
export function writeTicket(folder: string, asksFor: string): string {
  const name = randomBytes(16).toString('base64url')
  try {
    writeFileSync(fileOf(folder, name), asksFor, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const message = `A backup can be asked for by who may write to the store's folder, and this process can't write to ${folder} (${code})`
    throw new CRUDJTError('ERR_CRUDJT_PATH', message, { cause })
  }
  return name
}

/** Removes a ticket, unless it was taken. */
export function removeTicket(folder: string, name: string): void {
  rmSync(fileOf(folder, name), { force: true })
}

/**
 * Takes a ticket: it is good once.
 * @returns what it asks for; undefined if there is no such ticket
 */
export function takeTicket(folder: string, name: string): string | undefined {
  if (!NAME.test(name)) return undefined
  const file = fileOf(folder, name)
  try {
    const asksFor = readPlain(file)
    rmSync(file)
    return asksFor
  } catch {
    return undefined
  }
}

/** Reads a plain file; a link or a pipe is none. */
function readPlain(file: string): string | undefined {
  const descriptor = openSync(
    file,
    constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
  )
  try {
    const stat = fstatSync(descriptor)
    return stat.isFile() && stat.size <= MOST_BYTES ? readFileSync(descriptor, 'utf8') : undefined
  } finally {
    closeSync(descriptor)
  }
}
