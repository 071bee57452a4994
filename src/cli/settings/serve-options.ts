/** Turns what `crudjt serve` was told into the options of `startMaster`. */
import type { OptionKind } from '../../options/check-options.js'
import { type MasterOptions, type OptionName, optionKind } from '../../options/store-options.js'
import { CommandError, STATUS } from '../exit.js'
import { readAccessKey, readSecret, type Secret } from './secrets.js'
import { LEVELS, type Level, type SettingName } from './serve-settings.js'
import { type Given, parseValue } from './settings.js'

/** What was given, by the setting's name. */
export type ServeGiven = Partial<Record<SettingName, Given>>

/** The settings that are passed on as they are. */
const PLAIN = [
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
  'No secret key: make one with npx crudjt keygen --out FILE, then give --secret-file FILE, CRUDJT_SECRET_FILE or CRUDJT_SECRET_KEY'

/** @throws Refusal for another text than a level's name */
export function levelOf({ log_level }: ServeGiven): Level {
  return log_level === undefined ? 'info' : (parseValue(log_level, LEVEL) as Level)
}

/**
 * The options that hold no secret.
 * @throws Refusal for a value of the wrong kind
 */
export function plainOptions(given: ServeGiven): Partial<MasterOptions> {
  const values = PLAIN.map((name) => {
    const text = given[name]
    return [name, text === undefined ? undefined : parseValue(text, optionKind(name))]
  })
  return Object.fromEntries(values)
}

/**
 * The secret of the store.
 * @throws Refusal if there is none, or if its file can't be read
 */
export function storeSecret({ secret_key, secret_file }: ServeGiven): Secret {
  const secret = readSecret(secret_key, secret_file)
  if (secret === undefined) throw new CommandError(STATUS.config, NO_SECRET)
  return secret
}

/**
 * What clients have to show, if anything.
 * @throws Refusal if it is blank or can't be a key, or if its file can't be read
 */
export function accessKey({ access_key, access_key_file }: ServeGiven): string | undefined {
  return readAccessKey(access_key, access_key_file)
}
