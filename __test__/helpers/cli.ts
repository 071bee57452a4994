/** The command `crudjt` as a process: run to its end, or started as a server. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { At } from './masters.js'

/** The script behind the command. */
export const COMMAND = resolve('dist/src/cli/main.js')

/** How long a process may take for what a test waits for. */
const PATIENCE_MS = 60_000

/** The surroundings of a process. */
export interface Around {
  /** Added to the variables of this process, of which those of crudjt are left out. */
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** The user to be, where this process is root. */
  readonly uid?: number
}

/** How a process ended. */
export interface Ended {
  readonly status: number | null
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `crudjt` to its end. */
export function crudjt(args: readonly string[], around: Around = {}): Promise<Ended> {
  return runToEnd([process.execPath, COMMAND, ...args], around)
}

/** Starts `crudjt`, to be ended from outside. */
export function startCommand(
  args: readonly string[],
  around: Around = {},
): Pick<Logging, 'process' | 'ended'> {
  const child = begin([process.execPath, COMMAND, ...args], around)
  return { process: child, ended: ended(child) }
}

/** Runs any command line to its end. */
export function runToEnd(command: readonly string[], around: Around = {}): Promise<Ended> {
  return ended(begin(command, around))
}

/** One line of a server's log. */
export type LogLine = Record<string, unknown>

/** A process that writes a log. */
export interface Logging {
  readonly process: ChildProcess
  /** Waits for the nth line with an event in its log, be it there already or not; the first by default. */
  line(event: string, nth?: number): Promise<LogLine>
  /** How it ended, once it has. */
  readonly ended: Promise<Ended>
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
}

/** A server that runs. */
export interface Server extends Logging {
  readonly at: At
}

/** Starts `crudjt serve`, by default on a free port, and waits until it serves. */
export function serve(args: readonly string[], around: Around = {}): Promise<Server> {
  return startServer([process.execPath, COMMAND, 'serve', ...args], {
    ...around,
    env: { CRUDJT_PORT: '0', ...around.env },
  })
}

/** Starts a server by any command line. */
export async function startServer(
  command: readonly string[],
  around: Around = {},
): Promise<Server> {
  const server = launch(command, around)
  const { address } = await server.line('started')
  return { ...server, at: addressIn(String(address)) }
}

/** Starts a process that writes a log. */
export function launch(command: readonly string[], around: Around): Logging {
  const child = begin(command, around)
  const end = ended(child)
  const found = linesOf(child)
  const failed = end.then(({ status, stdout, stderr }) => {
    throw new Error(`the server ended with ${status}: ${stdout}${stderr}`)
  })
  failed.catch(() => {})
  return {
    process: child,
    ended: end,
    line: (event, nth = 1) => Promise.race([found(event, nth), failed]),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return end
    },
  }
}

function begin([program, ...args]: readonly string[], { env, ...rest }: Around): ChildProcess {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('CRUDJT_'))
  return spawn(program as string, args, {
    ...rest,
    ...(rest.uid === undefined ? {} : { gid: rest.uid }),
    env: { ...Object.fromEntries(kept), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  })
}

async function ended(child: ChildProcess): Promise<Ended> {
  const [[status, signal], stdout, stderr] = await Promise.all([
    once(child, 'exit') as Promise<[Ended['status'], Ended['signal']]>,
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
  ])
  return { status, signal, stdout, stderr }
}

function linesOf(child: ChildProcess): (event: string, nth: number) => Promise<LogLine> {
  const seen: LogLine[] = []
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  reader.on('line', (line) => {
    const parsed = JSON.parse(line) as LogLine
    seen.push(parsed)
    reader.emit('parsed', parsed)
  })
  return (event, nth) =>
    new Promise((resolve) => {
      let count = 0
      const take = (line: LogLine) => {
        if (line.event === event && ++count === nth) resolve(line)
      }
      seen.forEach(take)
      reader.on('parsed', take)
    })
}

function addressIn(text: string): At {
  if (text.startsWith('unix:')) return { grpc_host: text, grpc_port: 0 }
  const { host, port } = /^(?<host>.*):(?<port>\d+)$/.exec(text)?.groups ?? {}
  const grpc_host = host === '0.0.0.0' ? '127.0.0.1' : (host as string)
  return { grpc_host, grpc_port: Number(port) }
}
