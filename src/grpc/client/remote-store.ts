/**
 * A store in another process. Calls are validated and encoded as for a local store, then sent to the
 * master. Only calls in flight keep the process alive.
 */
import { type InspectOptions, inspect } from 'node:util'
import { prepared } from '../../engine/prepared-call.js'
import type { StoreStats } from '../../engine/stats.js'
import { notStarted } from '../../errors.js'
import { LocalSocket } from '../../local/local-stream.js'
import { bringToFront } from '../../msgpack/encode.js'
import { type BackupOptions, type BackupReport, checkBackup } from '../../options/backup-options.js'
import {
  type CreateOptions,
  checkToken,
  type DurableOptions,
  isDurableDelete,
  type UpdateOptions,
} from '../../options/call-options.js'
import type { Limit } from '../../options/limits.js'
import { type ConnectOptions, DEFAULT_TIMEOUT } from '../../options/store-options.js'
import { prepareCreate, prepareUpdate } from '../../records/prepare-call.js'
import type { Session } from '../../records/session.js'
import type { SessionStore, Storable } from '../../session-store.js'
import { delay, now } from '../../timers.js'
import { type Address, addressOf, addressText, connectEndpointOf } from '../wire/address.js'
import { Kind, type OperationArguments, plainOperation } from '../wire/batch-operation.js'
import { BatchClient } from './batch-client.js'
import { Connection } from './connection.js'
import { remoteBackup } from './remote-backup.js'
import { SyncClient, syncUnsupported } from './sync-client.js'

/** A text that is no token. */
const NO_TOKEN = '?'
/** How long `ready` waits between two attempts, in milliseconds. */
const RETRY_MS = 20

/** A client of a master. Its fields are `#private`, as those of `LocalStore`. */
export class RemoteStore implements SessionStore {
  /** The master's address. */
  readonly address: Address
  readonly #calls: BatchClient
  readonly #sync: SyncClient
  readonly #timeout: number
  #closing: Promise<void> | undefined

  /** @throws TypeError `ERR_CRUDJT_OPTION` for a Unix socket on Windows, without a path, or with one that is too long */
  constructor(options: ConnectOptions) {
    this.address = addressOf(options)
    const timeout = options.timeout_ms ?? DEFAULT_TIMEOUT
    const address = addressText(this.address)
    const endpoint = connectEndpointOf(this.address)
    const failFast = options.fail_fast ?? false
    const connection = new Connection(endpoint, timeout, failFast)
    const link = { connection, address, timeout, accessKey: options.access_key, failFast }
    this.#timeout = timeout
    this.#calls = new BatchClient(link, new LocalSocket(endpoint, options.local))
    this.#sync = new SyncClient(link, endpoint, options.local)
  }

  create(data: Storable, ttl?: Limit | CreateOptions, silence_read?: Limit): Promise<string> {
    return this.call(() => {
      prepareCreate(data, this.#calls.dataSize, false, ttl, silence_read)
      return this.#calls.call(preparedOperation(Kind.CREATE))
    })
  }

  read<Data extends object = Record<string, unknown>>(
    token: string,
  ): Promise<Session<Data> | null> {
    return this.call(() => {
      checkToken(token)
      return this.#calls.call(plainOperation(Kind.READ, token))
    })
  }

  update(
    token: string,
    data: Storable,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): Promise<boolean> {
    return this.call(() => {
      checkToken(token)
      prepareUpdate(data, this.#calls.dataSize, ttl, silence_read)
      return this.#calls.call(preparedOperation(Kind.UPDATE, token))
    })
  }

  delete(token: string, options?: DurableOptions): Promise<boolean> {
    return this.call(() => {
      checkToken(token)
      return this.#calls.call(plainOperation(Kind.DELETE, token, isDurableDelete(options)))
    })
  }

  async ready(): Promise<void> {
    const deadline = now() + this.#timeout
    for (;;) {
      try {
        // Any answer will do.
        await this.read(NO_TOKEN)
        return
      } catch (error) {
        const mayCome = (error as { code?: unknown }).code === 'ERR_CRUDJT_UNAVAILABLE'
        if (!mayCome || now() >= deadline) throw error
      }
      await delay(RETRY_MS)
    }
  }

  flush(): Promise<void> {
    return this.call(() => this.#calls.call(plainOperation(Kind.FLUSH)))
  }

  async stats(): Promise<StoreStats> {
    const stats = await this.call<StoreStats>(() => this.#calls.call(plainOperation(Kind.STATS)))
    return { ...stats, transport: this.#calls.transport }
  }

  /** Turns an exception into a rejection. */
  private call<T>(start: () => Promise<T>): Promise<T> {
    try {
      if (this.#closing !== undefined) throw notStarted()
      return start()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  close(): Promise<void> {
    this.#sync.close()
    this.#closing ??= this.#calls.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  backup(target: string, options: BackupOptions = {}): Promise<BackupReport> {
    return this.backupOf(undefined, target, options)
  }

  /** @internal The same, if the master's store is the one in a folder. */
  backupOf(
    folder: string | undefined,
    target: string,
    options: BackupOptions,
  ): Promise<BackupReport> {
    return this.call(() => {
      const { onProgress } = checkBackup(target, options)
      return remoteBackup(this.#calls, folder, target, onProgress)
    })
  }

  createSync(data: Storable, ttl?: Limit | CreateOptions, silence_read?: Limit): string {
    return this.#callSync('createSync', () => {
      prepareCreate(data, this.#dataSize, false, ttl, silence_read)
      return preparedOperation(Kind.CREATE)
    })
  }

  readSync<Data extends object = Record<string, unknown>>(token: string): Session<Data> | null {
    return this.#callSync('readSync', () => {
      checkToken(token)
      return plainOperation(Kind.READ, token)
    })
  }

  updateSync(
    token: string,
    data: Storable,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): boolean {
    return this.#callSync('updateSync', () => {
      checkToken(token)
      prepareUpdate(data, this.#dataSize, ttl, silence_read)
      return preparedOperation(Kind.UPDATE, token)
    })
  }

  deleteSync(token: string, options?: DurableOptions): boolean {
    return this.#callSync('deleteSync', () => {
      checkToken(token)
      return plainOperation(Kind.DELETE, token, isDurableDelete(options))
    })
  }

  #callSync<T>(name: string, operation: () => OperationArguments): T {
    if (this.#closing !== undefined) throw notStarted()
    if (!this.#sync.isPossible) throw syncUnsupported(name)
    return this.#sync.call(operation())
  }

  /** The largest data size that the master accepts, as far as it is known. */
  get #dataSize(): number {
    return this.#sync.dataSize ?? this.#calls.dataSize
  }

  /** @internal What `JSON.stringify` shows: neither the access key nor a token. */
  toJSON(): object {
    return { ...this.address }
  }

  /** @internal What `console.log` shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `RemoteStore ${inspect(this.toJSON(), options)}`
  }
}

/** The prepared operation, with its data moved to where `writeOperation` reads it. */
function preparedOperation(kind: number, token?: string): OperationArguments {
  const { length, ttl, reads, keep, durable } = prepared
  bringToFront(length)
  return { kind, token, length, ttl, reads, keep, durable }
}
