/**
 * A container without a container engine: namespaces of its own for mounts and processes, the image's
 * folder at `/app`, the root file system read-only, an empty environment, an unprivileged user without
 * capabilities.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { readCompose } from './compose.js'
import { commandIn, type Stage } from './dockerfile.js'

/** Mounts what the compose file mounts, in its order, then becomes the program. */
const ENTER = `
mount --bind "$1" /app
mount --bind "$2" /app/store_jt
mount --bind "$3" /app/secrets
mount -o remount,ro,bind /app/secrets
mount -o remount,ro,bind /app
mount -t tmpfs tmpfs /tmp
mount -o remount,ro,bind /
mount -t proc proc /proc
cd /app
shift 3
exec "$@"`

/** Why this can't be done here; undefined if it can. */
export function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has namespaces'
  if (process.getuid?.() !== 0) return 'only root may make namespaces'
  try {
    execFileSync('unshare', ['--mount', 'mount', '-o', 'remount,ro,bind', '/'], { stdio: 'ignore' })
    execFileSync('setpriv', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch (error) {
    return `mounting is not allowed here: ${(error as Error).message}`
  }
}

/** Makes the place where images are mounted; gives what removes it again. */
export function makeMountPoint(): () => void {
  if (existsSync('/app')) return () => {}
  mkdirSync('/app')
  return () => rmdirSync('/app')
}

/** What a container is made of. */
export interface Container {
  readonly app: string
  readonly stage: Stage
  /** The folders of the host. */
  readonly store: string
  readonly secrets: string
  /** What the shell sets where `docker compose` is run. */
  readonly set: Readonly<Record<string, string>>
}

/** The command line that runs something in the container, by default what the image runs. */
export function inContainer(container: Container, command?: readonly string[]): string[] {
  const { app, stage, store, secrets } = container
  const { USER, ENTRYPOINT, CMD } = stage.config
  const [uid, gid] = (USER as string).split(':')
  const program = command ?? [...commandIn(ENTRYPOINT), ...commandIn(CMD)]
  return [
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child'],
    ...['sh', '-ec', ENTER, 'sh', app, store, secrets],
    ...['env', '-i', ...environment(container)],
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'],
    ...['--bounding-set=-all', '--inh-caps=-all', ...program],
  ]
}

/** What the image's HEALTHCHECK runs. */
export function healthCheck({ stage }: Container): string[] {
  return commandIn(stage.config.HEALTHCHECK)
}

function environment({ stage, set }: Container): string[] {
  const base = `${dirname(process.execPath)}:/usr/bin:/bin`
  const image = Object.entries(stage.env).map(([name, value]) => [
    name,
    value.replaceAll('$PATH', base),
  ])
  const all = { ...Object.fromEntries(image), ...readCompose(set).environment }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}

/** The process that the container's first process is outside of it. */
export function firstProcess(unshare: number): number {
  return Number(readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8').trim())
}
