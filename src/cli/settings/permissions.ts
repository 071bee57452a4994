/**
 * The shell command that fixes missing permissions. Containers need it most: a mounted folder keeps
 * the owner that it has on the host.
 */
import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const { R_OK, W_OK, X_OK } = constants

/** What is done with a store's folder: `create` makes one that is missing. */
export type StoreAccess = 'create' | 'write' | 'read'

/**
 * How to give this user access to a store's files.
 * @returns undefined if permissions are not the problem, or if an existing store is expected and the
 *   folder holds none
 */
export function storePermissionHint(folder: string, access: StoreAccess): string | undefined {
  const path = resolve(folder)
  if (!existsSync(path)) return access === 'create' ? missingFolderHint(path) : undefined
  const isListable = !isDenied(path, R_OK | X_OK)
  const files = isListable ? filesIn(path) : []
  const isOther = isListable && !files.includes(join(path, 'keyring'))
  if (isOther && access !== 'create') return undefined
  const mode = access === 'read' ? R_OK : R_OK | W_OK
  const denied = isDenied(path, mode | X_OK) ? path : files.find((file) => isDenied(file, mode))
  return denied === undefined ? undefined : ownershipHint(path, denied)
}

/** How to let this user read a file. Undefined if permissions are not the problem. */
export function filePermissionHint(file: string): string | undefined {
  return isDenied(file, R_OK) && existsSync(file) ? ownershipHint(resolve(file), file) : undefined
}

/** Whether every user of the machine can read a file: it and all folders above it are open to all. */
export function isReadableByAll(file: string): boolean {
  if (process.getuid === undefined) return false
  try {
    const path = realpathSync(file)
    const { mode } = statSync(path)
    return (mode & 0o170000) === 0o100000 && (mode & 0o004) !== 0 && isOpenToAll(dirname(path))
  } catch {
    return false
  }
}

function isOpenToAll(folder: string): boolean {
  const parent = dirname(folder)
  return (statSync(folder).mode & 0o001) !== 0 && (parent === folder || isOpenToAll(parent))
}

function missingFolderHint(path: string): string | undefined {
  if (!isDenied(nearestFolder(path), W_OK | X_OK)) return undefined
  return asRoot(`mkdir -p ${quoted(path)} && ${chown(path)}`)
}

/** The owner of the file can restore its own permissions; otherwise only root can help. */
function ownershipHint(path: string, denied: string): string {
  const isOwner = statSync(denied, { throwIfNoEntry: false })?.uid === process.getuid?.()
  return isOwner ? `run: chmod -R u+rwX ${quoted(path)}` : asRoot(chown(path))
}

function asRoot(command: string): string {
  return `run as root: ${command} (for a container: on the host, on the mounted folder)`
}

function chown(path: string): string {
  return `chown -R ${process.getuid?.()}:${process.getgid?.()} ${quoted(path)}`
}

function quoted(path: string): string {
  return /^[\w/.:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

/** A store has no subfolders, but the root of a volume may have `lost+found`. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name))
}

/** Windows has no owner to change. */
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
