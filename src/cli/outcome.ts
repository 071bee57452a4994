/** Prints the report of a command: as text, or as one line of JSON. */
import type { Finding } from '../api/maintenance.js'
import { STATUS } from './exit.js'
import type { Value } from './settings/settings.js'

/** How many findings the text lists. */
const MAX_LISTED = 20

/** Prints lines of text, or the report as JSON if `--json` was given. */
export function print(json: Value | undefined, report: object, lines: readonly string[]): void {
  const text = json === undefined ? lines.join('\n') : JSON.stringify(report)
  process.stdout.write(`${text}\n`)
}

/**
 * Lets a command end with its own exit status even if its output cannot be written: that of `verify`
 * tells whether the store is sound. A reader that has gone (`| head`) is no failure; after any other
 * error, success becomes status 74.
 */
export function handleOutputErrors(): void {
  process.stderr.on('error', () => {})
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return
    process.stderr.write(`crudjt: Cannot write to standard output: ${message}\n`)
    process.once('exit', () => {
      process.exitCode ||= STATUS.output
    })
  })
}

/** A count with its noun, as `1 record` and `2,000 records`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}

/** A number of bytes in a readable unit. */
export function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  const value = power === 0 ? bytes : (bytes / 2 ** (10 * power)).toFixed(1)
  return `${value} ${units[power]}`
}

/** The findings about a store, one per line; only the first ones of many. */
export function findingLines(findings: readonly Finding[], total: number): string[] {
  const lines = findings.slice(0, MAX_LISTED).map(findingLine)
  return total > lines.length ? [...lines, `  and ${total - lines.length} more`] : lines
}

function findingLine({ kind, file, place, text }: Finding): string {
  const where = place === undefined ? file : `${file}, ${UNITS[kind] ?? 'position'} ${place}`
  return `  ${where}: ${text}`
}

/** What the `place` of a finding counts. */
const UNITS: Readonly<Record<string, string>> = {
  block: 'block',
  journal: 'operation',
  record: 'record',
}
