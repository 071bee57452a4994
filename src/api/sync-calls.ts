/** The calls without promises: where the engine is over its memory budget, they block. */
import type { Engine } from '../engine/engine.js'
import type { BUSY } from '../engine/native.js'
import { prepared } from '../engine/prepared-call.js'
import { retryWhenFree } from '../engine/write-queue.js'
import {
  type CreateOptions,
  checkToken,
  type DurableOptions,
  isDurableDelete,
  type UpdateOptions,
} from '../options/call-options.js'
import type { Limit } from '../options/limits.js'
import { prepareCreate, prepareUpdate } from '../records/prepare-call.js'
import type { RecordAccess } from '../records/record-access.js'
import type { Session } from '../records/session.js'

/** The `…Sync` calls of one store. */
export class SyncCalls {
  private readonly records: RecordAccess
  private readonly engine: Engine
  private readonly dataSize: number

  constructor(records: RecordAccess, engine: Engine, dataSize: number) {
    this.records = records
    this.engine = engine
    this.dataSize = dataSize
  }

  /** As `Store.create`. */
  create(data: object, ttl?: Limit | CreateOptions, silence_read?: Limit): string {
    prepareCreate(data, this.dataSize, false, ttl, silence_read)
    return this.run(() => this.records.create(), prepared.durable)
  }

  /** As `Store.read`. */
  read(token: string): Session | null {
    checkToken(token)
    return this.run(() => this.records.read(token), false)
  }

  /** As `Store.update`. */
  update(token: string, data: object, ttl?: Limit | UpdateOptions, silence_read?: Limit): boolean {
    checkToken(token)
    prepareUpdate(data, this.dataSize, ttl, silence_read)
    return this.run(() => this.records.update(token), prepared.durable)
  }

  /** As `Store.delete`. */
  delete(token: string, options?: DurableOptions): boolean {
    checkToken(token)
    const isDurable = isDurableDelete(options)
    return this.run(() => this.records.remove(token), isDurable)
  }

  /** What was prepared stays in the scratch buffer while the call blocks. */
  private run<T>(attempt: () => T | typeof BUSY, isDurable: boolean): T {
    const answer = retryWhenFree(attempt, () => this.engine.waitForRoomSync())
    if (isDurable) this.engine.flushSync()
    return answer
  }
}
