/**
 * The server's log: one JSON object per line on standard output.
 *
 * Invariant: it holds only addresses, folders, codes and messages of this package, never a token, data
 * or a key.
 */
import { writeSync } from 'node:fs'
import { CRUDJTError } from '../../errors.js'
import { LEVELS, type Level } from '../settings/serve-options.js'

/** Milliseconds between two attempts to write to a pipe that is full. */
const RETRY_MS = 10

/** The thread sleeps by waiting on this. */
const NEVER_CHANGES = new Int32Array(new SharedArrayBuffer(4))

/** Logs a line of fields and a message. */
type LogLine = (fields: object, message: string) => void

/** One function per level. */
export type Log = Readonly<Record<Level, LogLine>>

/** Opens the log of all lines from a level upwards. */
export function openLog(lowest: Level): Log {
  const logLine = (level: Level, rank: number): LogLine => {
    if (rank < LEVELS.indexOf(lowest)) return () => {}
    return (fields, msg) => writeLine({ level, time: new Date().toISOString(), ...fields, msg })
  }
  const lines = LEVELS.map((level, rank) => [level, logLine(level, rank)])
  return Object.fromEntries(lines) as Log
}

/**
 * Writes a line to standard output synchronously, so that no line is lost when the process exits: waits
 * while a pipe is full. A line that cannot be written, because the disk is full or nobody reads any more,
 * is dropped: sessions are worth more than the log.
 */
function writeLine(line: object): void {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      Atomics.wait(NEVER_CHANGES, 0, 0, RETRY_MS)
    }
  }
}

/**
 * Logs an uncaught error and exits. Of an error that is not this package's only the class, the code and
 * the stack frames are logged: its message might hold anything.
 */
export function logCrashes(log: Log): void {
  process.on('uncaughtException', (error: unknown) => {
    const { name, code } = (error ?? {}) as NodeJS.ErrnoException
    const message = error instanceof CRUDJTError ? error.message : 'internal error of crudjt'
    log.fatal({ error: name, code, at: framesOf(error) }, `${message}, exiting`)
    process.exit(1)
  })
}

/** The frames of a stack. The message above them may have lines that look like one. */
function framesOf(error: unknown): string[] {
  const { stack = '', message = '' } = (error ?? {}) as Error
  const lines = stack.slice(stack.indexOf(message) + message.length).split('\n')
  return lines.map((line) => line.trim()).filter((line) => /^at .*:\d+:\d+\)?$/.test(line))
}
