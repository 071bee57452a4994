/** How an outcome is printed: for people, or as one line of JSON. */
import type { Finding } from '../api/maintenance.js'
import type { Given } from './settings/settings.js'

/** How many findings people are shown. */
const SHOWN = 20

/** Prints lines for people, or the report itself where that was asked for. */
export function print(json: Given | undefined, report: object, lines: readonly string[]): void {
  const text = json === undefined ? lines.join('\n') : JSON.stringify(report)
  process.stdout.write(`${text}\n`)
}

/** A number of things. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

/** A size for people. */
export function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  return power === 0
    ? `${bytes} bytes`
    : `${(bytes / 2 ** (10 * power)).toFixed(1)} ${units[power]}`
}

/** What is wrong with a store, a line each; the first ones where there are many. */
export function findingLines(findings: readonly Finding[], all: number): string[] {
  const lines = findings.slice(0, SHOWN).map(findingLine)
  return all > lines.length ? [...lines, `  and ${all - lines.length} more`] : lines
}

function findingLine({ kind, file, place, text }: Finding): string {
  const where = place === undefined ? file : `${file}, ${PLACES[kind] ?? 'place'} ${place}`
  return `  ${where}: ${text}`
}

/** What the number of a finding's place counts. */
const PLACES: Readonly<Record<string, string>> = {
  block: 'block',
  journal: 'operation',
  record: 'record',
}
