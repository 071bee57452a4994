/**
 * The server's log: one JSON object per line on standard output.
 *
 * Invariant: it holds only addresses, folders, codes and messages of this package, never a token, data
 * or a key.
 */
import { destination, type Logger, pino, stdTimeFunctions } from 'pino'
import type { Level } from '../settings/serve-settings.js'

/** Opens the log. Writes are synchronous, so that no line is lost when the process exits. */
export function openLog(level: Level): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, destination({ dest: 1, sync: true }))
}

/**
 * Logs an uncaught error and exits. Only its class, its code and its stack frames are logged: its
 * message might hold anything.
 */
export function logCrashes(log: Logger): void {
  process.on('uncaughtException', (error: unknown) => {
    const { name, code } = (error ?? {}) as NodeJS.ErrnoException
    log.fatal({ error: name, code, at: framesOf(error) }, 'internal error of crudjt, exiting')
    process.exit(1)
  })
}

/** The frames of a stack. The message above them may have lines that look like one. */
function framesOf(error: unknown): string[] {
  const { stack = '', message = '' } = (error ?? {}) as Error
  const lines = stack.slice(stack.indexOf(message) + message.length).split('\n')
  return lines.map((line) => line.trim()).filter((line) => /^at .*:\d+:\d+\)?$/.test(line))
}
