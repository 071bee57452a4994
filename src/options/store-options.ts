/** The options that stores are opened and masters are started with: types, defaults, checks. */

import { type StoreEvent, typeError } from '../errors.js'
import { checkOptions, type OptionKind, type OptionTable } from './check-options.js'

/** How a store is kept, whoever opens it. */
export interface EngineOptions {
  /**
   * The secret: 32, 48 or 64 bytes in Base64 (standard or URL-safe). A list, newest first, opens the
   * tokens of all of them and makes new ones with the first.
   */
  secret_key: string | readonly string[]
  /** The most bytes of MessagePack that the data of one token may take, 1 to 65 536. Default 256. */
  max_data_size?: number | undefined
  /** Bytes of memory for keeping records at hand. Default 32 MiB. */
  cache_size?: number | undefined
  /** Milliseconds after which an operation is on the medium at the latest. Default 500. */
  sync_interval_ms?: number | undefined
  /** Hours between two sweeps of everything expired. Default 24. */
  sweep_interval_hours?: number | undefined
  /** Milliseconds to wait for another process to release the store. Default 0. */
  lock_wait_ms?: number | undefined
  /** Makes it an error to open a store that holds records with a key it doesn't know. */
  require_known_key?: boolean | undefined
  /** How the journal is written: `auto` (default) decides by the file system. */
  journal?: 'auto' | 'mapped' | 'plain' | undefined
  /** Gets what the engine reports outside of any call. Default: `process.emitWarning`. */
  onError?: ((event: StoreEvent) => void) | undefined
}

/** How `Store.open` opens a store. */
export interface StoreOptions extends EngineOptions {
  /**
   * The store's folder, made if missing. Default: the system's place (`/var/lib/store_jt` on Linux)
   * if it can be written, else `store_jt` in the project's root.
   */
  path?: string | undefined
}

/** Where a master is, and what opens it. */
export interface AddressOptions {
  /** The master's host, or `unix:` and the path of a socket. Default `127.0.0.1`. */
  grpc_host?: string | undefined
  /** The master's port; a master that is given 0 takes a free one. Default 50051. */
  grpc_port?: number | undefined
  /** A secret that clients must know to be answered: 1 to 1024 visible ASCII characters. */
  access_key?: string | undefined
}

/** How a client finds its master. */
export interface ConnectOptions extends AddressOptions {
  /** Milliseconds that a call may take, the wait for a master included. Default 5000. */
  timeout_ms?: number | undefined
}

/** How `CRUDJT.Config.startMaster` starts a master. */
export interface MasterOptions extends EngineOptions, AddressOptions {
  /** The store's folder, as `path` of `Store.open`. */
  store_jt_path?: string | undefined
}

/** The most bytes of MessagePack that the data of one token may take by default. */
export const DEFAULT_DATA_SIZE = 256
/** Bytes of memory for keeping records at hand by default. */
const DEFAULT_CACHE_SIZE = 32 * 1024 * 1024
/** Milliseconds that a client's call may take by default. */
export const DEFAULT_TIMEOUT = 5000
/** Where masters listen by default. */
export const DEFAULT_ADDRESS = { grpc_host: '127.0.0.1', grpc_port: 50051 } as const

const isString = (value: unknown) => typeof value === 'string' && value !== ''
const isNumber = (value: unknown) => typeof value === 'number'
const isBoolean = (value: unknown) => typeof value === 'boolean'
const whole = (expected: string, least: number, most: number) => ({
  expected: `a whole number of ${expected}, ${least} to ${most}`,
  isType: isNumber,
  isInRange: (value: number) => Number.isInteger(value) && value >= least && value <= most,
})

const ENGINE: OptionTable = {
  secret_key: { expected: 'a Base64 string or a list of them', isType: () => true },
  max_data_size: whole('bytes', 1, 65_536),
  cache_size: whole('bytes', 0, 2 ** 40),
  sync_interval_ms: whole('milliseconds', 1, 86_400_000),
  sweep_interval_hours: {
    expected: 'a number of hours, more than 0 and up to 8760',
    isType: isNumber,
    isInRange: (hours: number) => hours > 0 && hours <= 8760,
  },
  lock_wait_ms: whole('milliseconds', 0, 86_400_000),
  require_known_key: { expected: 'true or false', isType: isBoolean },
  journal: {
    expected: "'auto', 'mapped' or 'plain'",
    isType: (value) => ['auto', 'mapped', 'plain'].includes(value as string),
  },
  onError: { expected: 'a function', isType: (value) => typeof value === 'function' },
}

/** What takes the path of a folder. */
export const folder = {
  expected: 'the path of a folder',
  isType: (value: unknown) => isString(value) && !(value as string).includes('\0'),
}
const ADDRESS: OptionTable = {
  grpc_host: {
    expected: 'the name or address of a host, or unix: and the path of a socket',
    isType: folder.isType,
  },
  grpc_port: whole('a port', 0, 65_535),
  access_key: {
    expected: '1 to 1024 visible ASCII characters',
    isType: (value) => typeof value === 'string' && /^[!-~]{1,1024}$/.test(value),
  },
}
const CONNECT: OptionTable = { ...ADDRESS, timeout_ms: whole('milliseconds', 1, 86_400_000) }
const STORE: OptionTable = { path: folder, ...ENGINE }
const MASTER: OptionTable = { store_jt_path: folder, ...ENGINE, ...ADDRESS }

/** The name of any option of a master or a client. */
export type OptionName = keyof MasterOptions | keyof ConnectOptions

/** What an option takes, for those who read it from a text. */
export function optionKind(name: OptionName): OptionKind {
  return { ...MASTER, ...CONNECT }[name] as OptionKind
}

/** @throws TypeError, RangeError `ERR_CRUDJT_OPTION`, `ERR_CRUDJT_SECRET_KEY` */
export function checkStoreOptions(options: unknown): asserts options is StoreOptions {
  checkOptions(options, STORE, { store_jt_path: 'path', folder: 'path' })
  checkSecrets((options as StoreOptions).secret_key)
}

/** @throws TypeError, RangeError `ERR_CRUDJT_OPTION`, `ERR_CRUDJT_SECRET_KEY` */
export function checkMasterOptions(options: unknown): asserts options is MasterOptions {
  checkOptions(options, MASTER, { path: 'store_jt_path', folder: 'store_jt_path' })
  checkSecrets((options as MasterOptions).secret_key)
}

/** @throws TypeError, RangeError `ERR_CRUDJT_OPTION` */
export function checkConnectOptions(options: unknown): asserts options is ConnectOptions {
  const aliases = { host: 'grpc_host', port: 'grpc_port', timeout: 'timeout_ms' }
  checkOptions(options, CONNECT, aliases)
}

/** What can be told before the engine looks at the bytes. */
export function checkSecrets(given: unknown): void {
  const secrets = Array.isArray(given) ? given : [given]
  if (secrets.length === 0) throw blankSecret()
  for (const secret of secrets) checkSecret(secret)
}

function checkSecret(secret: unknown): void {
  if (secret === undefined || secret === null) throw blankSecret()
  if (typeof secret !== 'string') {
    throw typeError('ERR_CRUDJT_SECRET_KEY', "'secret_key' must be a valid Base64 string")
  }
  if (secret.trim() === '') throw blankSecret()
}

function blankSecret(): Error {
  return typeError('ERR_CRUDJT_SECRET_KEY', 'Secret key is blank')
}

/** The part of the cache's bytes that decoded records take; the rest is the engine's. */
export function decodedCacheSize(options: EngineOptions): number {
  return Math.floor((options.cache_size ?? DEFAULT_CACHE_SIZE) / 2)
}

/**
 * The most bytes that data of a certain compact size can arrive in: clients in other languages write
 * integers in nine bytes. The engine keeps what they sent as it is.
 */
export function wireSize(dataSize: number): number {
  return 9 * dataSize + 16
}

// Imported where it is used, so that the public types lead to none of the binding's.
type NativeOptions = import('../engine/native.js').NativeOptions

/** @internal Checked options in the engine's words; what is left out takes the engine's default. */
export function engineOptions(options: StoreOptions): NativeOptions {
  const named = {
    path: options.path,
    maxDataSize: wireSize(options.max_data_size ?? DEFAULT_DATA_SIZE),
    cacheSize: (options.cache_size ?? DEFAULT_CACHE_SIZE) - decodedCacheSize(options),
    syncIntervalMs: options.sync_interval_ms,
    sweepIntervalHours: options.sweep_interval_hours,
    lockWaitMs: options.lock_wait_ms,
    requireKnownKey: options.require_known_key,
    journal: options.journal,
  }
  const given = Object.entries(named).filter(([, value]) => value !== undefined)
  const { secret_key: secrets } = options
  const secretKeys = typeof secrets === 'string' ? [secrets] : [...secrets]
  return { ...(Object.fromEntries(given) as Partial<NativeOptions>), secretKeys }
}

/** Reports an event to a program that does not listen for events itself. */
export function warn({ code, message }: StoreEvent): void {
  process.emitWarning(message, { type: 'CRUDJTWarning', code })
}
