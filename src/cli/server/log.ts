/**
 * The server's log: one JSON object a line on standard output.
 *
 * Invariant: what is logged are addresses, folders, codes and the package's own sentences, which hold
 * no token, data or key.
 */
import { destination, type Logger, pino, stdTimeFunctions } from 'pino'
import type { Level } from '../settings/serve-settings.js'

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
