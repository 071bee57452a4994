/** The options of stores, masters and clients: types, defaults and checks. */

import type { StoreEvent } from '../errors.js'
import { type Aliases, checkOptions, type OptionKind, type OptionTable } from './check-options.js'
import { checkSecrets, secretList } from './secret-keys.js'

/** Options of the engine. */
export interface EngineOptions {
  /**
   * The secret: 32, 48 or 64 bytes in Base64 (standard or URL-safe). With a list, newest first, the
   * tokens of every secret are valid, and new tokens are created under the first.
   */
  secret_key: string | readonly string[]
  /** Maximum size of the data of one token in bytes of MessagePack, 1 to 65 536. Default 256. */
  max_data_size?: number | undefined
  /** Memory for cached records, in bytes. Default 32 MiB. */
  cache_size?: number | undefined
  /** Maximum time in milliseconds until an operation is synced to disk. Default 500. */
  sync_interval_ms?: number | undefined
  /** Hours between two sweeps of expired records. Default 24. */
  sweep_interval_hours?: number | undefined
  /** Milliseconds to wait for another process to release the store. Default 0. */
  lock_wait_ms?: number | undefined
  /** Refuse to open a store that holds records with a secret that is new to it. Default false. */
  require_known_key?: boolean | undefined
  /** How the journal is written: memory-mapped or by plain writes. `auto` (default) depends on the file system. */
  journal?: 'auto' | 'mapped' | 'plain' | undefined
  /** Receives what the engine reports outside of any call. Default: `process.emitWarning`. */
  onError?: ((event: StoreEvent) => void) | undefined
}

/** Options of `Store.open`. */
export interface StoreOptions extends EngineOptions {
  /**
   * The store's folder, made if missing. Default: the system's folder (`/var/lib/store_jt` on Linux)
   * if it is writable, else `store_jt` in the project's root.
   */
  path?: string | undefined
}

/** The address of a master, and its access key. */
export interface AddressOptions {
  /** The master's host, or `unix:` followed by the path of a socket. Default `127.0.0.1`. */
  grpc_host?: string | undefined
  /** The master's port. With 0 a master takes a free one. Default 50051. */
  grpc_port?: number | undefined
  /**
   * A secret that a master and its clients prove to each other: 1 to 1024 visible ASCII characters. A
   * client that has one refuses a master that does not prove it.
   */
  access_key?: string | undefined
  /**
   * The Unix socket by which processes of this machine reach the master: its path, or false for none.
   * Default: it follows from `grpc_host` and `grpc_port`.
   */
  local?: string | false | undefined
}

/** Options of a client. */
export interface ConnectOptions extends AddressOptions {
  /** Timeout of a call in milliseconds, including the wait for a master. Default 5000. */
  timeout_ms?: number | undefined
  /**
   * Have a call fail as soon as an attempt to connect fails, instead of waiting for a master until its
   * timeout. Default false.
   */
  fail_fast?: boolean | undefined
}

/** Options of `CRUDJT.Config.startMaster`. */
export interface MasterOptions extends EngineOptions, AddressOptions {
  /** The store's folder, as `path` of `Store.open`. */
  store_jt_path?: string | undefined
}

/** The default of `max_data_size`. */
export const DEFAULT_DATA_SIZE = 256
/** The default of `cache_size`. */
const DEFAULT_CACHE_SIZE = 32 * 1024 * 1024
/** The default of `timeout_ms`. */
export const DEFAULT_TIMEOUT = 5000
/** The default address of a master. */
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

/** An option that takes the path of a folder. */
export const folder = {
  expected: 'the path of a folder',
  isType: (value: unknown) => isString(value) && !(value as string).includes('\0'),
}
const ADDRESS: OptionTable = {
  grpc_host: {
    expected: 'the name or address of a host, or unix: and the path of a socket',
    isType: folder.isType,
  },
  grpc_port: { ...whole('', 0, 65_535), expected: 'a port number, 0 to 65535' },
  access_key: {
    expected: '1 to 1024 visible ASCII characters',
    isType: (value) => typeof value === 'string' && /^[!-~]{1,1024}$/.test(value),
  },
  local: {
    expected: 'false or the path of a socket',
    isType: (value) => value === false || folder.isType(value),
  },
}
const CONNECT: OptionTable = {
  ...ADDRESS,
  timeout_ms: whole('milliseconds', 1, 86_400_000),
  fail_fast: { expected: 'true or false', isType: isBoolean },
}
const STORE: OptionTable = { path: folder, ...ENGINE }
const MASTER: OptionTable = { store_jt_path: folder, ...ENGINE, ...ADDRESS }

// Names that other packages use.
const SECRET_ALIASES: Aliases = {
  secret: 'secret_key',
  key: 'secret_key',
  secretkeys: 'secret_key',
}
const ADDRESS_ALIASES: Aliases = {
  ...{ host: 'grpc_host', hostname: 'grpc_host', url: 'grpc_host', address: 'grpc_host' },
  ...{ socket: 'grpc_host', port: 'grpc_port', token: 'access_key', password: 'access_key' },
}
const MASTER_ALIASES: Aliases = {
  ...{ ...SECRET_ALIASES, ...ADDRESS_ALIASES },
  ...{ path: 'store_jt_path', folder: 'store_jt_path', dir: 'store_jt_path' },
}

/** The name of any option of a master or a client. */
export type OptionName = keyof MasterOptions | keyof ConnectOptions

/** The values that an option takes, for settings that are read as text. */
export function optionKind(name: OptionName): OptionKind {
  return { ...MASTER, ...CONNECT }[name] as OptionKind
}

/**
 * Checks the options; gives a copy of its own.
 * @throws TypeError, RangeError `ERR_CRUDJT_OPTION`, `ERR_CRUDJT_SECRET_KEY`
 */
export function checkStoreOptions(options: unknown): StoreOptions {
  const aliases = { ...SECRET_ALIASES, storejtpath: 'path', folder: 'path', dir: 'path' }
  return withSecrets(checkOptions<StoreOptions>(options, STORE, aliases))
}

/** The same for a master. @throws TypeError, RangeError `ERR_CRUDJT_OPTION`, `ERR_CRUDJT_SECRET_KEY` */
export function checkMasterOptions(options: unknown): MasterOptions {
  return withSecrets(checkOptions<MasterOptions>(options, MASTER, MASTER_ALIASES))
}

function withSecrets<Options extends EngineOptions>(options: Options): Options {
  return Object.assign(options, { secret_key: checkSecrets(options.secret_key) })
}

/** The same for a client. @throws TypeError, RangeError `ERR_CRUDJT_OPTION` */
export function checkConnectOptions(options: unknown): ConnectOptions {
  return checkOptions(options, CONNECT, { ...ADDRESS_ALIASES, timeout: 'timeout_ms' })
}

/** Whether an access key is easy to guess. A random one of 16 characters has 8 different ones or more. */
export function isWeakAccessKey(key: string | undefined): boolean {
  return key !== undefined && (key.length < 16 || new Set(key).size < 8)
}

/** The part of `cache_size` for decoded records; the engine has the rest. */
export function decodedCacheSize(options: EngineOptions): number {
  return Math.floor((options.cache_size ?? DEFAULT_CACHE_SIZE) / 2)
}

/**
 * The largest encoding in which data of a certain compact size may arrive: clients in other languages
 * write every integer in nine bytes. The engine stores what they sent unchanged.
 */
export function wireSize(dataSize: number): number {
  return 9 * dataSize + 16
}

// An inline import, so that the public types do not refer to the binding's.
type NativeOptions = import('../engine/native.js').NativeOptions

/** @internal Converts checked options to the engine's. What is left out takes the engine's default. */
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
  const secretKeys = secretList(options.secret_key)
  return { ...(Object.fromEntries(given) as Partial<NativeOptions>), secretKeys }
}

/** Reports an event to a program that does not listen for events itself. */
export function warn({ code, message }: StoreEvent): void {
  process.emitWarning(message, { type: 'CRUDJTWarning', code })
}
