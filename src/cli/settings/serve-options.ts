/** Converts the settings of `crudjt serve` to the options of `startMaster`. */
import type { OptionKind } from '../../options/check-options.js'
import { type MasterOptions, type OptionName, optionKind } from '../../options/store-options.js'
import { CommandError, STATUS } from '../exit.js'
import { readSecretKeys, type SecretKeys, type Warn } from './secrets.js'
import { LEVELS, type Level, type SettingName } from './serve-settings.js'
import { parseOr, type Values } from './settings.js'

/** The settings of `crudjt serve` as text. */
export type ServeValues = Values<SettingName>

/** The settings that hold no secret. */
const PUBLIC = [
  'store_jt_path',
  'grpc_host',
  'grpc_port',
  'max_data_size',
  'cache_size',
  'sync_interval_ms',
  'sweep_interval_hours',
  'lock_wait_ms',
  'require_known_key',
  'journal',
] as const satisfies readonly (SettingName & OptionName)[]

const LEVEL: OptionKind = {
  expected: LEVELS.join(', '),
  isType: (value) => LEVELS.includes(value as Level),
}

const NO_SECRET =
  'No secret key: generate one with npx crudjt keygen --out FILE, then give --secret-file FILE, CRUDJT_SECRET_FILE or CRUDJT_SECRET_KEY'

/** @throws CommandError for an unknown log level */
export function logLevel({ log_level }: ServeValues): Level {
  return parseOr<Level>(log_level, LEVEL, 'info')
}

/**
 * The options that hold no secret.
 * @throws CommandError for an invalid value
 */
export function publicOptions(values: ServeValues): Partial<MasterOptions> {
  return Object.fromEntries(
    PUBLIC.map((name) => [name, parseOr(values[name], optionKind(name), undefined)]),
  )
}

/** @throws CommandError if there is no secret key, or if its file cannot be read */
export function requiredSecretKeys(values: ServeValues, warn: Warn): SecretKeys {
  const secret = readSecretKeys(values, warn)
  if (secret === undefined) throw new CommandError(STATUS.config, NO_SECRET)
  return secret
}
