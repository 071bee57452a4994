/**
 * The server's log: one JSON object a line on standard output.
 *
 * Invariant: what is logged are addresses, folders, codes and the package's own sentences, which hold
 * no token, data or key.
 */
import { SonicBoom } from 'sonic-boom'
import { LEVELS, type Level } from './serve-settings.js'

/** Logs a line: the fields of `facts`, and a sentence. */
type LogLine = (facts: object, message: string) => void

/** A function for each level. */
export type Log = Readonly<Record<Level, LogLine>>

/** Opens the log, which leaves out what is below a level. */
export function openLog(lowest: Level): Log {
  const write = openOutput()
  const logLine = (level: Level, rank: number): LogLine => {
    if (rank < LEVELS.indexOf(lowest)) return () => {}
    return (facts, msg) => write({ level, time: new Date().toISOString(), ...facts, msg })
  }
  const lines = LEVELS.map((level, rank) => [level, logLine(level, rank)])
  return Object.fromEntries(lines) as Log
}

/**
 * Opens standard output. A line is out when the call returns, so that none is lost at the end. Once the
 * reader has gone, nothing more is written.
 */
function openOutput(): (line: object) => void {
  const output = new SonicBoom({ fd: 1, sync: true })
  let isRead = true
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    isRead = false
  })
  return (line) => {
    if (isRead) output.write(`${JSON.stringify(line)}\n`)
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
