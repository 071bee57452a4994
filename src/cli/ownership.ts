/**
 * What to do about files that belong to somebody else: the line that root has to run. In containers
 * this is the usual trouble, since folders that are mounted come with the owner they have outside.
 */
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const { R_OK, W_OK, X_OK } = constants

/**
 * @param folder that a store is to be kept in
 * @returns what to do so that this user may keep it there; undefined if that is not the trouble
 */
export function cureOfFolder(folder: string): string | undefined {
  const path = resolve(folder)
  if (!existsSync(path)) return cureOfMissing(path)
  const withheld = [path, ...entriesOf(path)].find((each) => isDenied(each, R_OK | W_OK))
  return withheld === undefined ? undefined : cure(path, withheld)
}

/**
 * @param file that can't be read
 * @returns what to do so that this user may
 */
export function cureOfFile(file: string): string | undefined {
  return isDenied(file, R_OK) && existsSync(file) ? cure(resolve(file), file) : undefined
}

function cureOfMissing(path: string): string | undefined {
  if (!isDenied(nearestFolder(path), W_OK | X_OK)) return undefined
  return asRoot(`mkdir -p ${quoted(path)} && ${chown(path)}`)
}

/** Whoever owns what is withheld can give it back to himself; else only root can help. */
function cure(path: string, withheld: string): string {
  const isOwn = statSync(withheld).uid === process.getuid?.()
  return isOwn ? `run: chmod -R u+rwX ${quoted(path)}` : asRoot(chown(path))
}

function asRoot(line: string): string {
  return `run as root: ${line} (for a container: outside, on the folder that is mounted there)`
}

function chown(path: string): string {
  return `chown -R ${process.getuid?.()}:${process.getgid?.()} ${quoted(path)}`
}

function quoted(path: string): string {
  return /^[\w/.:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

/** What lies in a folder; nothing if it may not be looked into. */
function entriesOf(folder: string): string[] {
  if (isDenied(folder, R_OK | X_OK)) return []
  return readdirSync(folder).map((name) => join(folder, name))
}

function isDenied(path: string, mode: number): boolean {
  if (process.getuid === undefined) return false
  try {
    accessSync(path, mode)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}

function nearestFolder(path: string): string {
  const parent = dirname(path)
  return parent === path || existsSync(parent) ? parent : nearestFolder(parent)
}
