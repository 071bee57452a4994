/** Converts the text of a setting to the type that its option has in the library, and checks it. */
import type { OptionKind } from '../../options/check-options.js'
import { CommandError, STATUS } from '../exit.js'
import { isOption, type Value } from './settings.js'

/**
 * The value of a setting. Not for secrets: the error shows the text.
 * @throws CommandError if the text has the wrong type or is out of range
 */
export function parseValue(value: Value, kind: OptionKind): string | number | boolean {
  const { source, text } = value
  const parsed = convert(text, kind)
  const isInRange = kind.isInRange as ((value: unknown) => boolean) | undefined
  if (parsed !== undefined && kind.isType(parsed) && (isInRange?.(parsed) ?? true)) return parsed
  const status = isOption(value) ? STATUS.usage : STATUS.config
  throw new CommandError(status, `${source}: expected ${kind.expected}, got '${text}'`)
}

/**
 * The same, or a default for a setting that is not set.
 * @throws CommandError if the text has the wrong type or is out of range
 */
export function parseOr<T extends string | number>(
  value: Value | undefined,
  kind: OptionKind,
  fallback: T,
): T {
  return value === undefined ? fallback : (parseValue(value, kind) as T)
}

function convert(text: string, { isType }: OptionKind): string | number | boolean | undefined {
  if (isType(0)) return text.trim() === '' ? undefined : Number(text)
  if (!isType(true)) return text
  if (['true', '1'].includes(text)) return true
  return ['false', '0'].includes(text) ? false : undefined
}
