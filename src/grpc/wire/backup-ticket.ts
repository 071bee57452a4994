/**
 * Backup tickets: a client proves write access to the folder of its master's store. It writes a small
 * file with a random name there, which contains the request, and sends only the name over the wire.
 * The master consumes the file from its own folder.
 *
 * A client that can merely reach the port cannot make a master write anything, and a master of another
 * store does not find the ticket. The engine recognizes these files by their names.
 */
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CRUDJTError } from '../../errors.js'

const fileOf = (folder: string, name: string) => join(folder, `ticket-${name}`)

/**
 * Writes a ticket.
 * @param request its content: the path of the backup
 * @returns its name
 * @throws CRUDJTError `ERR_CRUDJT_PATH` if this process may not write to the folder
 */
export function writeTicket(folder: string, request: string): string {
  const name = randomBytes(16).toString('base64url')
  try {
    writeFileSync(fileOf(folder, name), request, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const message = `A backup needs write access to the store's folder, and this process cannot write to ${folder} (${code})`
    throw new CRUDJTError('ERR_CRUDJT_PATH', message, { cause })
  }
  return name
}

/** Removes a ticket that may not have been consumed. */
export function removeTicket(folder: string, name: string): void {
  rmSync(fileOf(folder, name), { force: true })
}
