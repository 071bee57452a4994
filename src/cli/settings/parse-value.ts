/** Converts the text of a setting to the type that its option has in the library, and checks it. */
import type { OptionKind } from '../../options/check-options.js'
import { CommandError, STATUS } from '../exit.js'
import { isOption, type Value } from './settings.js'

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

function convert(text: string, { isType }: OptionKind): string | number | boolean | undefined {
  if (isType(0)) return text.trim() === '' ? undefined : Number(text)
  if (!isType(true)) return text
  if (['true', '1'].includes(text)) return true
  return ['false', '0'].includes(text) ? false : undefined
}
