/** The calls without promises: where the engine is over its budget they block. */

import { BUSY, NO_SLOT } from '../engine/native.js'
import { encodeInPlace, packedAt } from '../msgpack/encode.js'
import {
  type CreateOptions,
  checkDeleteOptions,
  checkToken,
  createOptionsOf,
  type DurableOptions,
  type UpdateOptions,
  updateOptionsOf,
} from '../options/call-options.js'
import { type Limit, readsOf, ttlOf } from '../options/limits.js'
import type { RecordAccess } from '../records/record-access.js'
import type { Session } from '../records/session.js'

/** The `…Sync` calls of one store. */
export class SyncCalls {
  private readonly core: RecordAccess
  private readonly dataSize: number

  constructor(core: RecordAccess, dataSize: number) {
    this.core = core
    this.dataSize = dataSize
  }

  /** As `Store.create`. */
  create(data: object, ttl?: Limit | CreateOptions, silence_read?: Limit): string {
    const options = createOptionsOf(ttl, silence_read)
    const { engine } = this.core
    const length = encodeInPlace(data, this.dataSize, false)
    const seconds = ttlOf(options.ttl)
    const reads = readsOf(options.silence_read)
    const token = this.insist(() => engine.create(packedAt(), length, seconds, reads, NO_SLOT))
    this.settle(options)
    return token
  }

  /** As `Store.read`. */
  read(token: string): Session | null {
    checkToken(token)
    return this.insist(() => this.core.read(token))
  }

  /** As `Store.update`. */
  update(token: string, data: object, ttl?: Limit | UpdateOptions, silence_read?: Limit): boolean {
    checkToken(token)
    const options = updateOptionsOf(ttl, silence_read)
    const keep = options.keep === true
    const { engine } = this.core
    const length = encodeInPlace(data, this.dataSize, false)
    const seconds = ttlOf(options.ttl)
    const reads = readsOf(options.silence_read)
    const done = this.insist(() => engine.update(token, packedAt(), length, seconds, reads, keep))
    this.settle(options)
    return done === 1
  }

  /** As `Store.delete`. */
  delete(token: string, given?: DurableOptions): boolean {
    checkToken(token)
    const options = given === undefined ? {} : checkDeleteOptions(given)
    const done = this.insist(() => this.core.remove(token))
    this.settle(options)
    return done
  }

  /** Calls the engine until it is not busy. What lies in the scratch buffer stays there meanwhile. */
  private insist<T>(call: () => T | typeof BUSY): T {
    for (;;) {
      const answer = call()
      if (answer !== BUSY) return answer
      this.core.engine.waitForRoomSync()
    }
  }

  private settle(options: DurableOptions): void {
    if (options.durable === true) this.core.engine.flushSync()
  }
}
