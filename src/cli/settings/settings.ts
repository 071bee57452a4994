/**
 * Reads the settings of a command from its options and environment variables. An option takes
 * precedence over a variable; an empty variable counts as unset.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { closest } from 'fastest-levenshtein'
import type { OptionKind } from '../../options/check-options.js'
import { CommandError, STATUS } from '../exit.js'

/** One setting of a command. */
export interface Setting {
  /** Its option without the dashes. Secrets have none: the arguments of a process are public. */
  readonly option?: string
  /** Its index among the positional arguments, from 0. */
  readonly position?: number
  /** What stands for its value in the help. An option without one is a flag. */
  readonly placeholder?: string
  /** Its environment variables; the first that is set counts. */
  readonly env?: readonly string[]
  /** What it means, with its default. */
  readonly help: string
}

/** Settings by name. */
export type Settings<Name extends string = string> = Readonly<Record<Name, Setting>>

/** The value of a setting as text. */
export interface Value {
  /** The option, the variable or the placeholder of the positional argument, for messages. */
  readonly source: string
  readonly text: string
}

/** Values by the names of their settings. */
export type Values<Name extends string = string> = Partial<Record<Name, Value>>

/** Where settings come from. */
export interface Sources {
  /** The command line after the command's name. */
  readonly args: string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** An option and the environment variable of the same name. */
export function named(option: string, placeholder: string) {
  return { option, placeholder, env: [`CRUDJT_${option.toUpperCase().replaceAll('-', '_')}`] }
}

/**
 * Reads the settings of a command.
 * @throws CommandError for an unknown option, a missing value or an unexpected argument
 */
export function readSettings<Name extends string>(
  settings: Settings<Name>,
  { args, env }: Sources,
): Values<Name> {
  const fromArguments = readArguments(Object.values<Setting>(settings), args)
  const values: Values<Name> = {}
  for (const name of Object.keys(settings) as Name[]) {
    const value = fromArguments.get(settings[name]) ?? readVariable(settings[name], env)
    if (value !== undefined) values[name] = value
  }
  return values
}

/**
 * The text of a setting that has no default.
 * @throws CommandError if it is missing
 */
export function required(value: Value | undefined, { placeholder = '' }: Setting): string {
  if (value === undefined) throw usageError(`No ${placeholder} given`)
  return value.text
}

/**
 * The value of a setting, or a default if it is not set. Not for secrets: the error shows the text.
 * @throws CommandError if the text has the wrong type or is out of range
 */
export function parseOr<T extends string | number | boolean | undefined>(
  value: Value | undefined,
  kind: OptionKind,
  fallback: T,
): T {
  if (value === undefined) return fallback
  const parsed = convert(value.text, kind)
  const isInRange = kind.isInRange as ((value: unknown) => boolean) | undefined
  if (parsed !== undefined && kind.isType(parsed) && (isInRange?.(parsed) ?? true)) {
    return parsed as T
  }
  const status = isOption(value) ? STATUS.usage : STATUS.config
  throw new CommandError(status, `${value.source}: expected ${kind.expected}, got '${value.text}'`)
}

/** The text of a setting in the type that its option has in the library. */
function convert(text: string, { isType }: OptionKind): string | number | boolean | undefined {
  if (text === 'false' && isType(false)) return false
  if (isType(0)) return text.trim() === '' ? undefined : Number(text)
  if (!isType(true)) return text
  if (['true', '1'].includes(text)) return true
  return ['false', '0'].includes(text) ? false : undefined
}

/** Whether a value comes from an option. */
export function isOption({ source }: Value): boolean {
  return source.startsWith('--')
}

function readVariable({ env = [] }: Setting, variables: Sources['env']): Value | undefined {
  const source = env.find((name) => (variables[name] ?? '') !== '')
  return source === undefined ? undefined : { source, text: variables[source] as string }
}

function readArguments(settings: readonly Setting[], args: string[]): Map<Setting, Value> {
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const { option, placeholder } of settings) {
    if (option !== undefined) options[option] = { type: placeholder ? 'string' : 'boolean' }
  }
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true })
  const values = new Map<Setting, Value>()
  let position = 0
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    const [setting, value] =
      token.kind === 'option'
        ? readOption(token, settings)
        : readPositional(position++, token.value, settings)
    // It may be a list that the command does not take, so none of the values wins.
    if (values.has(setting)) throw usageError(`${value.source} is given more than once`)
    values.set(setting, value)
  }
  return values
}

function readPositional(
  position: number,
  text: string,
  settings: readonly Setting[],
): [Setting, Value] {
  const setting = settings.find((setting) => setting.position === position)
  if (setting === undefined) throw usageError(`Unexpected argument '${text}'`)
  const { placeholder: source = '' } = setting
  if (text === '') throw usageError(`${source} is empty`)
  return [setting, { source, text }]
}

/** An option as parseArgs returns it. */
type OptionToken = Extract<
  ReturnType<typeof parseArgs<{ strict: false; tokens: true }>>['tokens'][number],
  { kind: 'option' }
>

function readOption(token: OptionToken, settings: readonly Setting[]): [Setting, Value] {
  const { name, rawName, value, inlineValue } = token
  const setting = settings.find(({ option }) => option === name)
  if (setting === undefined || !rawName.startsWith('--')) throw unknownOption(rawName, settings)
  const source = `--${name}`
  if (setting.placeholder === undefined) {
    if (value !== undefined) throw usageError(`${source} takes no value`)
    return [setting, { source, text: 'true' }]
  }
  const isMissing = value === undefined || value === '' || (!inlineValue && value.startsWith('-'))
  if (isMissing) throw usageError(`${source} expects a value: ${source} ${setting.placeholder}`)
  return [setting, { source, text: value }]
}

function unknownOption(rawName: string, settings: readonly Setting[]): CommandError {
  const known = settings.flatMap(({ option }) => (option === undefined ? [] : `--${option}`))
  const nearest = closest(rawName, known)
  return usageError(`Unknown option '${rawName}': did you mean '${nearest}'?`)
}

function usageError(message: string): CommandError {
  return new CommandError(STATUS.usage, message)
}
