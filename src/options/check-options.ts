/**
 * Checks an object of options against a table. An unknown name and a value of the wrong type are errors
 * that say what was expected.
 */
import { closest, distance } from 'fastest-levenshtein'
import { type ArgumentError, rangeError, typeError } from '../errors.js'

/** The values that one option takes. */
export interface OptionKind {
  /** In words, to follow "expected". */
  readonly expected: string
  /** Whether a value has the right type. */
  readonly isType: (value: unknown) => boolean
  /** Whether a value of the right type is in range. Left out: always. */
  readonly isInRange?: (value: never) => boolean
}

/** The known options, by name. */
export type OptionTable = Readonly<Record<string, OptionKind>>

/**
 * @param options what the caller gave; an option that is undefined counts as left out
 * @param table the known options
 * @param aliases common wrong names, and the right one for each
 * @throws TypeError `ERR_CRUDJT_OPTION` that names the option, what was expected and the closest known
 *   name; RangeError `ERR_CRUDJT_OPTION` for a value that is out of range
 */
export function checkOptions(
  options: unknown,
  table: OptionTable,
  aliases: Readonly<Record<string, string>> = {},
): void {
  if (!isPlainObject(options)) {
    throw typeError('ERR_CRUDJT_OPTION', `Options must be an object, got ${kindOf(options)}`)
  }
  for (const name of Object.keys(options)) {
    const kind = Object.hasOwn(table, name) ? table[name] : undefined
    if (kind === undefined) throw unknown(name, table, aliases)
    if (options[name] !== undefined) checkValue(name, options[name], kind)
  }
}

/** Whether a value is a plain object. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function checkValue(name: string, value: unknown, { expected, isType, isInRange }: OptionKind) {
  if (!isType(value)) {
    const message = `Option '${name}': expected ${expected}, got ${kindOf(value)}`
    throw typeError('ERR_CRUDJT_OPTION', message)
  }
  if (isInRange !== undefined && !isInRange(value as never)) {
    throw rangeError('ERR_CRUDJT_OPTION', `Option '${name}': expected ${expected}, got ${value}`)
  }
}

function unknown(
  name: string,
  table: OptionTable,
  aliases: Readonly<Record<string, string>>,
): ArgumentError {
  const right = Object.hasOwn(aliases, name) ? (aliases[name] as string) : nearest(name, table)
  const { expected } = table[right] as OptionKind
  const message = `Unknown option '${name}': did you mean '${right}' (${expected})?`
  return typeError('ERR_CRUDJT_OPTION', message)
}

/** The closest known name, ignoring case and underscores. */
function nearest(name: string, table: OptionTable): string {
  const bare = (text: string) => text.replaceAll('_', '').toLowerCase()
  const names = Object.keys(table)
  const near = closest(bare(name), names.map(bare))
  return names.find((known) => distance(bare(known), near) === 0) as string
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value === '') return 'an empty string'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
