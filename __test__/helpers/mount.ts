/** Small and read-only file systems, where this process may mount them. */
import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'

function mounts(...args: string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Mounts a tmpfs of some KiB on a folder; gives whether that was allowed. */
export function mountSmall(folder: string, kib: number): boolean {
  return mounts('-t', 'tmpfs', '-o', `size=${kib}k,mode=700`, 'crudjt-test', folder)
}

/** Undoes a mount, at the latest when nothing is open on it any more. */
export function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder], { stdio: 'ignore' })
}

/**
 * Makes a folder read-only: by a mount, which also binds root, else by its mode, which binds
 * everybody else.
 * @returns what undoes it
 */
export function makeReadOnly(folder: string): () => void {
  if (mounts('-t', 'tmpfs', '-o', 'ro,size=64k', 'crudjt-test', folder))
    return () => unmount(folder)
  chmodSync(folder, 0o500)
  return () => chmodSync(folder, 0o700)
}
