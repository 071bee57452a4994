/**
 * What commands can be told, by options or by environment variables, and how it is read. An option
 * comes before a variable; an empty variable counts as none.
 */
import { parseArgs } from 'node:util'
import { closest } from 'fastest-levenshtein'
import type { OptionKind } from '../../options/check-options.js'
import { CommandError, STATUS } from '../exit.js'

/** One thing that a command can be told. */
export interface Setting {
  /** Its option without the dashes. None for what must not be seen in a list of processes. */
  readonly option?: string
  /** Its place among the arguments that belong to no option, from 0. */
  readonly place?: number
  /** What stands behind the option or in the place in the help; without it the option is a switch. */
  readonly takes?: string
  /** Its environment variables; the first that is set counts. */
  readonly env?: readonly string[]
  /** What it is, with its default. */
  readonly help: string
}

/** Settings by name. */
export type Settings<Name extends string = string> = Readonly<Record<Name, Setting>>

/** What was given for a setting. */
export interface Given {
  /** The option, the variable or what stands in the place, for people. */
  readonly source: string
  readonly text: string
}

/** Where settings come from. */
export interface Sources {
  /** The command line, behind the command's name. */
  readonly args: string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Reads what a command was told.
 * @throws Refusal for an option that is unknown or lacks its value, and for anything else that is left
 *   over
 */
export function readSettings<Name extends string>(
  settings: Settings<Name>,
  { args, env }: Sources,
): Partial<Record<Name, Given>> {
  const read = readArguments(Object.values<Setting>(settings), args)
  const found: Partial<Record<Name, Given>> = {}
  for (const name of Object.keys(settings) as Name[]) {
    const given = read.get(settings[name]) ?? readVariable(settings[name], env)
    if (given !== undefined) found[name] = given
  }
  return found
}

/**
 * What stands in the place of a setting that a command can't do without.
 * @throws Refusal if nothing was given
 */
export function needed(given: Given | undefined, { takes = '' }: Setting): string {
  if (given === undefined) throw wrong(`No ${takes} given`)
  return given.text
}

/**
 * The value of a setting that is no secret: a number where that is wanted, else the text.
 * @throws Refusal if it is not of that kind
 */
export function parseValue({ source, text }: Given, kind: OptionKind): string | number | boolean {
  const value = convert(text, kind)
  const isInRange = kind.isInRange as ((value: unknown) => boolean) | undefined
  if (value !== undefined && kind.isType(value) && (isInRange?.(value) ?? true)) return value
  throw new CommandError(statusOf(source), `${source}: expected ${kind.expected}, got '${text}'`)
}

/**
 * The same, or another value where nothing was given.
 * @throws Refusal if it is not of that kind
 */
export function valueOr<T extends string | number>(
  given: Given | undefined,
  kind: OptionKind,
  other: T,
): T {
  return given === undefined ? other : (parseValue(given, kind) as T)
}

/** The exit status for a wrong value: who gave it can change the command line or the surroundings. */
function statusOf(source: string): number {
  return isOption(source) ? STATUS.usage : STATUS.config
}

/** Whether something was given on the command line. */
export function isOption(source: string): boolean {
  return source.startsWith('--')
}

function convert(text: string, { isType }: OptionKind): string | number | boolean | undefined {
  if (isType(0)) return text.trim() === '' ? undefined : Number(text)
  if (!isType(true)) return text
  if (['true', '1'].includes(text)) return true
  return ['false', '0'].includes(text) ? false : undefined
}

function readVariable({ env = [] }: Setting, all: Sources['env']): Given | undefined {
  const source = env.find((name) => (all[name] ?? '') !== '')
  return source === undefined ? undefined : { source, text: all[source] as string }
}

function readArguments(settings: readonly Setting[], args: string[]): Map<Setting, Given> {
  const known = settings.filter(({ option }) => option !== undefined)
  const types = known.map(({ option, takes }) => [
    option as string,
    { type: takes === undefined ? ('boolean' as const) : ('string' as const) },
  ])
  const { tokens } = parseArgs({
    args,
    options: Object.fromEntries(types),
    strict: false,
    tokens: true,
  })
  const found = new Map<Setting, Given>()
  let places = 0
  for (const token of tokens) {
    if (token.kind === 'option') found.set(...readOption(token, known))
    if (token.kind === 'positional') found.set(...readPlace(places++, token.value, settings))
  }
  return found
}

function readPlace(place: number, text: string, settings: readonly Setting[]): [Setting, Given] {
  const setting = settings.find((setting) => setting.place === place)
  if (setting === undefined) throw wrong(`Unexpected argument '${text}'`)
  const { takes = '' } = setting
  if (text === '') throw wrong(`${takes} is empty`)
  return [setting, { source: takes, text }]
}

/** An option as parseArgs found it. */
interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function readOption(token: OptionToken, known: readonly Setting[]): [Setting, Given] {
  const { name, rawName, value, inlineValue } = token
  const setting = known.find(({ option }) => option === name)
  if (setting === undefined || !rawName.startsWith('--')) throw unknown(rawName, known)
  const source = `--${name}`
  if (setting.takes === undefined) {
    if (value !== undefined) throw wrong(`${source} takes no value`)
    return [setting, { source, text: 'true' }]
  }
  const isMissing = value === undefined || value === '' || (!inlineValue && value.startsWith('-'))
  if (isMissing) throw wrong(`${source} expects a value: ${source} ${setting.takes}`)
  return [setting, { source, text: value }]
}

function unknown(rawName: string, known: readonly Setting[]): CommandError {
  const names = known.map(({ option }) => `--${option}`)
  return wrong(`Unknown option '${rawName}': did you mean '${closest(rawName, names)}'?`)
}

function wrong(message: string): CommandError {
  return new CommandError(STATUS.usage, message)
}
