/**
 * The calls that are made while a master is still starting: they are checked and packed at once, so
 * that nothing the caller does to the data meanwhile has an effect, and carried out when it has.
 */
import type { Backend } from '../backend.js'
import { DeferredArguments } from '../engine/deferred-arguments.js'
import { notStarted } from '../errors.js'
import { encode } from '../msgpack/encode.js'
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
import type { Session } from '../records/session.js'
import type { Store } from './local-store.js'

/** Calls that wait for a store to be open. */
export class PendingStore implements Backend {
  private readonly opening: Promise<Store>
  private readonly dataSize: number

  /** @param dataSize the most bytes that data may take in that store */
  constructor(opening: Promise<Store>, dataSize: number) {
    this.opening = opening.catch((cause) => {
      throw notStarted('CRUDJT has not started: its start failed', { cause })
    })
    hush(this.opening)
    this.dataSize = dataSize
  }

  create(data: object, ttl?: Limit | CreateOptions, silence_read?: Limit): Promise<string> {
    return this.later(() => {
      const options = createOptionsOf(ttl, silence_read)
      const packed = this.pack(data, options)
      return async (store) => settle(store, await store.createPacked(packed), options)
    })
  }

  read(token: string): Promise<Session | null> {
    return this.later(() => {
      checkToken(token)
      return (store) => store.read(token)
    })
  }

  update(
    token: string,
    data: object,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): Promise<boolean> {
    return this.later(() => {
      checkToken(token)
      const options = updateOptionsOf(ttl, silence_read)
      const packed = this.pack(data, options)
      const keep = options.keep === true
      return async (store) => settle(store, await store.updatePacked(token, packed, keep), options)
    })
  }

  delete(token: string, given?: DurableOptions): Promise<boolean> {
    return this.later(() => {
      checkToken(token)
      const options = given === undefined ? {} : { ...checkDeleteOptions(given) }
      return (store) => store.delete(token, options)
    })
  }

  private pack(data: object, options: CreateOptions): DeferredArguments {
    const length = encode(data, this.dataSize)
    return new DeferredArguments(length, ttlOf(options.ttl), readsOf(options.silence_read))
  }

  /** @param check throws at once what is wrong with the call; gives what is to be done later */
  private later<T>(check: () => (store: Store) => Promise<T>): Promise<T> {
    const done = this.carryOut(check)
    hush(done)
    return done
  }

  private async carryOut<T>(check: () => (store: Store) => Promise<T>): Promise<T> {
    const call = check()
    return call(await this.opening)
  }
}

async function settle<T>(store: Store, answer: T, options: DurableOptions): Promise<T> {
  return options.durable === true ? store.durably(answer) : answer
}

/** Whoever looks at the promise sees its rejection; if nobody does, the process goes on. */
export function hush(promise: Promise<unknown>): void {
  promise.catch(() => {})
}
