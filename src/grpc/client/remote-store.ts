/**
 * A store in another process: the same checks and the same packing as in this one, and then a call to
 * its master. It keeps no process alive but while a call is under way.
 */
import { type InspectOptions, inspect } from 'node:util'
import { prepared } from '../../engine/prepared-call.js'
import type { StoreStats } from '../../engine/stats.js'

import { CRUDJTError, notStarted } from '../../errors.js'
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
import type { SessionStore } from '../../session-store.js'
import { type Address, addressOf, addressText, endpointOf } from '../wire/address.js'
import { Kind, type OperationArguments, plainOperation } from '../wire/batch-operation.js'
import { BatchClient } from './batch-client.js'
import { Connection } from './connection.js'
import type { Calls } from './link.js'
import { remoteBackup } from './remote-backup.js'

/** A client of a master. */
export class RemoteStore implements SessionStore {
  /** Where the master is. */
  readonly address: Address
  private readonly calls: Calls
  private closing: Promise<void> | undefined

  /** @throws TypeError `ERR_CRUDJT_OPTION` for a Unix socket where there are none */
  constructor(options: ConnectOptions) {
    this.address = addressOf(options)
    const timeout = options.timeout_ms ?? DEFAULT_TIMEOUT
    const address = addressText(this.address)
    const connection = new Connection(endpointOf(this.address), timeout)
    this.calls = new BatchClient({ connection, address, timeout, accessKey: options.access_key })
  }

  create(data: object, ttl?: Limit | CreateOptions, silence_read?: Limit): Promise<string> {
    return this.call(() => {
      prepareCreate(data, this.calls.dataSize, false, ttl, silence_read)
      return this.calls.call(preparedOperation(Kind.CREATE))
    })
  }

  read<Data extends object = Record<string, unknown>>(
    token: string,
  ): Promise<Session<Data> | null> {
    return this.call(() => {
      checkToken(token)
      return this.calls.call(plainOperation(Kind.READ, token))
    })
  }

  update(
    token: string,
    data: object,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): Promise<boolean> {
    return this.call(() => {
      checkToken(token)
      prepareUpdate(data, this.calls.dataSize, ttl, silence_read)
      return this.calls.call(preparedOperation(Kind.UPDATE, token))
    })
  }

  delete(token: string, options?: DurableOptions): Promise<boolean> {
    return this.call(() => {
      checkToken(token)
      return this.calls.call(plainOperation(Kind.DELETE, token, isDurableDelete(options)))
    })
  }

  flush(): Promise<void> {
    return this.call(() => this.calls.call(plainOperation(Kind.FLUSH)))
  }

  stats(): Promise<StoreStats> {
    return this.call(() => this.calls.call(plainOperation(Kind.STATS)))
  }

  /** What is wrong with a call becomes a rejection. */
  private call<T>(begin: () => Promise<T>): Promise<T> {
    try {
      if (this.closing !== undefined) throw notStarted()
      return begin()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  close(): Promise<void> {
    this.closing ??= this.calls.close()
    return this.closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  backup(target: string, options: BackupOptions = {}): Promise<BackupReport> {
    return this.backupOf(undefined, target, options)
  }

  /** @internal The same of the store in a folder, which the master must have too. */
  backupOf(
    folder: string | undefined,
    target: string,
    options: BackupOptions,
  ): Promise<BackupReport> {
    return this.call(() => {
      checkBackup(target, options)
      return remoteBackup(this.calls, { folder, target, onProgress: options.onProgress })
    })
  }

  createSync(): string {
    throw onlyHere('createSync')
  }

  readSync(): never {
    throw onlyHere('readSync')
  }

  updateSync(): boolean {
    throw onlyHere('updateSync')
  }

  deleteSync(): boolean {
    throw onlyHere('deleteSync')
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

function onlyHere(name: string): CRUDJTError {
  const message = `${name} needs a store in this process, and this one is a master's`
  return new CRUDJTError('ERR_CRUDJT_UNSUPPORTED', message)
}

/** The operation that was prepared. Its data is moved to where `writeOperation` takes it from. */
function preparedOperation(kind: number, token?: string): OperationArguments {
  const { length, ttl, reads, keep, durable } = prepared
  bringToFront(length)
  return { kind, token, length, ttl, reads, keep, durable }
}
