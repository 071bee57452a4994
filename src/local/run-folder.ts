/** The folder of the local sockets of a user: it belongs to this user, and no other may enter it. */
import { lstatSync, mkdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'

/** The bits of a mode that concern other users. */
const OTHERS = 0o077

/** Where the folder may be, the preferred place first. Empty on systems without local sockets. */
export function runFolders(): string[] {
  const uid = process.geteuid?.()
  if (uid === undefined) return []
  const runtime = process.env.XDG_RUNTIME_DIR
  const folders = [`/tmp/crudjt-${uid}`]
  if (runtime?.startsWith('/')) folders.unshift(join(runtime, 'crudjt'))
  return folders
}

/** Why nothing is to be made in a folder, or used of it; undefined if it may. @throws if it is missing */
export function folderProblem(folder: string): string | undefined {
  const found = lstatSync(folder)
  if (!found.isDirectory()) return 'is not a folder'
  if (found.uid !== process.geteuid?.()) return 'belongs to another user'
  if ((found.mode & OTHERS) !== 0) return 'may be entered or written to by other users'
  return undefined
}

/** Makes a folder unless it exists. @throws if that fails */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Whether a client may connect to a socket: it is one, and of this user or of root. */
export function isTrusted(found: Stats): boolean {
  return found.isSocket() && (found.uid === process.geteuid?.() || found.uid === 0)
}
