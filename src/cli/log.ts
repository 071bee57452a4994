/**
 * The server's log: one JSON object a line on standard output.
 *
 * Invariant: what is logged are addresses, folders, codes and the package's own sentences, which hold
 * no token, data or key.
 */
import { writeSync } from 'node:fs'
import { LEVELS, type Level } from './serve-settings.js'

/** Milliseconds between two attempts to write to a pipe that is full. */
const RETRY_MS = 10

/** What a thread waits on to sleep. */
const NEVER_CHANGES = new Int32Array(new SharedArrayBuffer(4))

/** Logs a line: the fields of `facts`, and a sentence. */
type LogLine = (facts: object, message: string) => void

/** A function for each level. */
export type Log = Readonly<Record<Level, LogLine>>

/** Opens the log, which leaves out what is below a level. */
export function openLog(lowest: Level): Log {
  const logLine = (level: Level, rank: number): LogLine => {
    if (rank < LEVELS.indexOf(lowest)) return () => {}
    return (facts, msg) => writeLine({ level, time: new Date().toISOString(), ...facts, msg })
  }
  const lines = LEVELS.map((level, rank) => [level, logLine(level, rank)])
  return Object.fromEntries(lines) as Log
}

/**
 * Writes a line to standard output. It is out when the call returns, so that none is lost at the end:
 * waits while a pipe is full. A reader that has gone is no error.
 */
function writeLine(line: object): void {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      if (code !== 'EAGAIN') throw error
      Atomics.wait(NEVER_CHANGES, 0, 0, RETRY_MS)
    }
  }
}

/**
 * Logs what nobody caught, and ends the process. Of such an error its kind and its place are logged
 * but not its text, since nobody can say what that holds.
 */
export function logCrashes(log: Log): void {
  process.on('uncaughtException', (error: unknown) => {
    const { name, code } = (error ?? {}) as NodeJS.ErrnoException
    const where = placesOf(error)
    log.fatal({ error: name, code, at: where }, 'crudjt met an error of its own and ends')
    process.exit(1)
  })
}

/** The lines of a stack that name places. The text above them may itself have lines that begin so. */
function placesOf(error: unknown): string[] {
  const { stack = '', message = '' } = (error ?? {}) as Error
  const lines = stack.slice(stack.indexOf(message) + message.length).split('\n')
  return lines.map((line) => line.trim()).filter((line) => /^at .*:\d+:\d+\)?$/.test(line))
}
