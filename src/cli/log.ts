/**
 * The server's log: one JSON object a line on standard output.
 *
 * Invariant: what is logged are addresses, folders, codes and the package's own sentences, which hold
 * no token, data or key.
 */
import { destination, type Logger, pino, stdTimeFunctions } from 'pino'
import type { Level } from './serve-settings.js'

/** Opens the log. A line is out when the call returns, so that none is lost at the end. */
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
 * Logs what nobody caught, and ends the process. Of such an error its kind and its place are logged
 * but not its text, since nobody can say what that holds.
 */
export function logCrashes(log: Logger): void {
  process.on('uncaughtException', (error: unknown) => {
    const { name, code, stack = '' } = (error ?? {}) as NodeJS.ErrnoException
    const at = stack.split('\n').filter((line) => /^ +at /.test(line))
    const where = at.map((line) => line.trim())
    log.fatal({ error: name, code, at: where }, 'crudjt met an error of its own and ends')
    process.exit(1)
  })
}
