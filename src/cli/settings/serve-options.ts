/** The settings of `crudjt serve`, and the options of `startMaster` that they become. */
import type { OptionKind } from '../../options/check-options.js'
import { type MasterOptions, type OptionName, optionKind } from '../../options/store-options.js'
import { CommandError, STATUS } from '../exit.js'
import { ACCESS, ADDRESS } from './address-settings.js'
import { readSecretKeys, type SecretKeys, type Warn } from './secrets.js'
import { named, parseOr, type Values } from './settings.js'
import { SECRET } from './store-settings.js'

/** The log levels. */
export const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const

/** A log level. */
export type Level = (typeof LEVELS)[number]

/** Every setting, in the order of the help, by the name of the option where there is one. */
export const SETTINGS = {
  store_jt_path: {
    ...named('store', 'FOLDER'),
    help: 'Folder of the store, created if missing. Default: /var/lib/store_jt or the equivalent of the system if it is writable, else store_jt in the project.',
  },
  ...SECRET,
  ...ADDRESS,
  ...ACCESS,
  shelf_size: {
    ...named('shelf-size', 'BYTES'),
    help: 'Memory for records that processes of this machine read without asking the server; 0 for none. Default: 33554432.',
  },
  local: {
    ...named('local', 'false|PATH'),
    help: 'Unix socket by which processes of this machine reach the store; false: none. Default: it follows from host and port.',
  },
  max_data_size: {
    ...named('max-data-size', 'BYTES'),
    help: 'Maximum size of the data of one token as MessagePack, up to 65536. Default: 256.',
  },
  cache_size: {
    ...named('cache-size', 'BYTES'),
    help: 'Memory for caching records. Default: 33554432.',
  },
  sync_interval_ms: {
    ...named('sync-interval-ms', 'MS'),
    help: 'Maximum time until a change is synced to disk. Default: 500.',
  },
  sweep_interval_hours: {
    ...named('sweep-interval-hours', 'HOURS'),
    help: 'Interval between full sweeps of expired tokens. Default: 24.',
  },
  lock_wait_ms: {
    ...named('lock-wait-ms', 'MS'),
    help: 'How long to wait for another process to release the store. Default: 0.',
  },
  require_known_key: {
    option: 'require-known-key',
    env: ['CRUDJT_REQUIRE_KNOWN_KEY'],
    help: 'Refuse a secret key that is new to a store with records. The variable takes true or false.',
  },
  journal: {
    ...named('journal', 'auto|mapped|plain'),
    help: 'How the journal is written: memory-mapped or by plain writes. Default: auto, which depends on the file system.',
  },
  log_level: {
    ...named('log-level', LEVELS.join('|')),
    help: 'Lowest level to log. Default: info.',
  },
} as const

type SettingName = keyof typeof SETTINGS

/** The settings of `crudjt serve` as text. */
export type ServeValues = Values<SettingName>

/** The settings that hold no secret. */
const PUBLIC = [
  'store_jt_path',
  'grpc_host',
  'grpc_port',
  'local',
  'shelf_size',
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
