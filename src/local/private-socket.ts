/**
 * A Unix socket that only this user can connect to, from its first moment on: it is created in a folder
 * that only this user can enter, gets its mode there, and is then linked to its path. The umask would do
 * the same, but it belongs to all threads of the process, and a worker thread cannot set it.
 */
import { once } from 'node:events'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
} from 'node:fs'
import { connect } from 'node:net'
import { dirname, join, resolve, sep } from 'node:path'

/** The name in the folder, whose own name has six characters. */
const NAME = 's'

/** The longest path with which a socket at a path is created. */
export function longestPath(path: string): string {
  const created = join(dirname(path), '123456', NAME)
  return created.length > path.length ? created : path
}

/**
 * Creates a socket. A stale one of a dead process is replaced; one that is in use, or any other file at
 * the path, is an error.
 * @param listen listens at the path that it is given
 * @returns removes the socket, unless another one has replaced it
 */
export async function createPrivately(
  path: string,
  listen: (path: string) => Promise<void>,
): Promise<() => void> {
  const place = resolve(path)
  const folder = mkdtempSync(dirname(path) + sep)
  try {
    const created = join(folder, NAME)
    await listen(created)
    chmodSync(created, 0o600)
    const own = lstatSync(created)
    await publish(created, place)
    return () => removeOwn(place, own)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function publish(created: string, place: string): Promise<void> {
  if (fileAt(place) !== undefined) await removeStale(place)
  try {
    linkSync(created, place)
  } catch (error) {
    // Some file systems have no hard links.
    if (fileAt(place) !== undefined) throw error
    renameSync(created, place)
  }
}

/** @throws unless the file is a socket that no process listens on */
async function removeStale(place: string): Promise<void> {
  if (!lstatSync(place).isSocket()) throw new Error('the file exists and is not a socket')
  if (await answers(place)) throw new Error('another process is listening there')
  unlinkSync(place)
}

async function answers(path: string): Promise<boolean> {
  const socket = connect({ path })
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}

function removeOwn(place: string, own: Stats): void {
  try {
    const found = fileAt(place)
    if (found?.ino === own.ino && found.dev === own.dev) unlinkSync(place)
  } catch {
    // What stays is a stale socket, which the next master replaces.
  }
}

function fileAt(place: string): Stats | undefined {
  return lstatSync(place, { throwIfNoEntry: false })
}
