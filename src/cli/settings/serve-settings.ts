/** The settings of `crudjt serve`, by the names of the options of `startMaster` where it has them. */
import { ACCESS, ADDRESS } from './address-settings.js'
import { named } from './settings.js'
import { SECRET } from './store-settings.js'

/** The log levels. */
export const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const

/** A log level. */
export type Level = (typeof LEVELS)[number]

/** Every setting, in the order of the help. */
export const SETTINGS = {
  store_jt_path: {
    ...named('store', 'FOLDER'),
    help: 'Folder of the store, created if missing. Default: /var/lib/store_jt or the equivalent of the system if it is writable, else store_jt in the project.',
  },
  ...SECRET,
  ...ADDRESS,
  ...ACCESS,
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

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS
