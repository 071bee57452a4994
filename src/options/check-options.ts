/**
 * Checks an object of options against a table. An unknown name and a value of the wrong type are errors
 * that say what was expected.
 */
import { closest, distance } from 'fastest-levenshtein'
import { type ArgumentError, looksLikeName, rangeError, typeError } from '../errors.js'
import { orRevoked } from './revoked.js'

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

/** Names that other packages use for an option, bare (see `bare`), and the name that it has here. */
export type Aliases = Readonly<Record<string, string>>

/** Options that were checked. It inherits nothing, not even what was added to `Object.prototype`. */
class Given {
  [name: string]: unknown

  static {
    Object.setPrototypeOf(Given.prototype, null)
  }
}

/**
 * @param options what the caller gave; an option that is undefined counts as left out
 * @param table the known options
 * @returns a copy to be used from now on: each option is read once, which may run a getter
 * @throws TypeError `ERR_CRUDJT_OPTION` that names the option, what was expected and the closest known
 *   name; RangeError `ERR_CRUDJT_OPTION` for a value that is out of range
 */
export function checkOptions<Options extends object>(
  options: unknown,
  table: OptionTable,
  aliases: Aliases = {},
): Options {
  if (!isPlainObject(options)) {
    throw typeError('ERR_CRUDJT_OPTION', `Options must be a plain object, got ${kindOf(options)}`)
  }
  const given = new Given()
  for (const name of Object.keys(options)) {
    const kind = Object.hasOwn(table, name) ? table[name] : undefined
    if (kind === undefined) throw unknown(name, table, aliases)
    const value = options[name]
    if (value === undefined) continue
    checkValue(name, value, kind)
    given[name] = value
  }
  return given as Options
}

/**
 * Whether a value is a plain object. `Object.prototype` is recognized as the end of the prototype chain,
 * since test runners, Electron and `node:vm` have one in each realm.
 */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = prototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null
}

function prototypeOf(value: object): unknown {
  try {
    return Object.getPrototypeOf(value)
  } catch (error) {
    throw orRevoked(error, 'ERR_CRUDJT_OPTION', 'Options are', value)
  }
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

function unknown(name: string, table: OptionTable, aliases: Aliases): ArgumentError {
  const meant = Object.hasOwn(aliases, bare(name)) ? aliases[bare(name)] : nearest(name, table)
  const { expected } = table[meant ?? ''] ?? {}
  const hint =
    expected === undefined
      ? `expected one of ${Object.keys(table).join(', ')}`
      : `did you mean '${meant}' (${expected})?`
  const shown = looksLikeName(name) ? `'${name}'` : `with a name of ${name.length} characters`
  return typeError('ERR_CRUDJT_OPTION', `Unknown option ${shown}: ${hint}`)
}

/** The closest known name; undefined if none has half of its letters in common. */
function nearest(name: string, table: OptionTable): string | undefined {
  const names = Object.keys(table)
  const near = closest(bare(name), names.map(bare))
  if (distance(bare(name), near) > Math.max(bare(name).length, near.length) / 2) return undefined
  return names.find((known) => bare(known) === near)
}

/** A name without underscores and upper case, by which names are compared. */
function bare(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

/** What a value is, in words. Never the value itself: it might be a secret in the wrong place. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value === '') return 'an empty string'
  if (typeof value === 'number' && !Number.isInteger(value)) return String(value)
  if (typeof value !== 'object')
    return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`
  return isPlainObject(value) ? 'an object' : instanceText(value)
}

function instanceText(value: object): string {
  const { constructor: made } = Object.getPrototypeOf(value) as { constructor?: unknown }
  const name = typeof made === 'function' ? made.name : ''
  return name === '' ? 'an instance of a class' : `an instance of ${name}`
}
