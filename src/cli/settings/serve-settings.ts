/** What `crudjt serve` can be told. Names are those of `startMaster` where it has such an option. */
import { ACCESS, ADDRESS } from './address-settings.js'
import { SECRET } from './store-settings.js'

/** How much is logged. */
export const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const

/** One of the levels. */
export type Level = (typeof LEVELS)[number]

/** Every setting, in the order of the help. */
export const SETTINGS = {
  store_jt_path: {
    option: 'store',
    takes: 'FOLDER',
    env: ['CRUDJT_STORE'],
    help: 'Where the store is, made if missing. Default: /var/lib/store_jt or what the system has for it, if that can be written, else store_jt in the project.',
  },
  ...SECRET,
  ...ADDRESS,
  ...ACCESS,
  max_data_size: {
    option: 'max-data-size',
    takes: 'BYTES',
    env: ['CRUDJT_MAX_DATA_SIZE'],
    help: 'What the data of one token may take as MessagePack, up to 65536. Default: 256.',
  },
  cache_size: {
    option: 'cache-size',
    takes: 'BYTES',
    env: ['CRUDJT_CACHE_SIZE'],
    help: 'Memory for keeping records at hand. Default: 33554432.',
  },
  sync_interval_ms: {
    option: 'sync-interval-ms',
    takes: 'MS',
    env: ['CRUDJT_SYNC_INTERVAL_MS'],
    help: 'After this time a change is on the medium at the latest. Default: 500.',
  },
  sweep_interval_hours: {
    option: 'sweep-interval-hours',
    takes: 'HOURS',
    env: ['CRUDJT_SWEEP_INTERVAL_HOURS'],
    help: 'Between two sweeps of everything that has expired. Default: 24.',
  },
  lock_wait_ms: {
    option: 'lock-wait-ms',
    takes: 'MS',
    env: ['CRUDJT_LOCK_WAIT_MS'],
    help: 'How long to wait for another process to release the store. Default: 0.',
  },
  require_known_key: {
    option: 'require-known-key',
    env: ['CRUDJT_REQUIRE_KNOWN_KEY'],
    help: 'Refuses a key that is new to a store with records; as a variable true or false.',
  },
  journal: {
    option: 'journal',
    takes: 'auto|mapped|plain',
    env: ['CRUDJT_JOURNAL'],
    help: 'How the journal is written. Default: auto, by what the file system is known to bear.',
  },
  log_level: {
    option: 'log-level',
    takes: LEVELS.join('|'),
    env: ['CRUDJT_LOG_LEVEL'],
    help: 'What is logged: this level and worse ones. Default: info.',
  },
} as const

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS
