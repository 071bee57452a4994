/** Folders for stores, removed when the test or file is over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new empty folder. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'crudjt-test-'))
}

/** What a master or a test may leave beside a folder. */
const SOCKETS = ['.sock', '.sock.local', '.local', '.local.sock', '.cut']

/** Removes a folder with all that is in it, and the sockets of its master. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  for (const socket of SOCKETS) rmSync(`${folder}${socket}`, { force: true })
}

/** Runs a test in a new folder. */
export async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = newFolder()
  try {
    await body(folder)
  } finally {
    removeFolder(folder)
  }
}
