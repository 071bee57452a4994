/** One open store of the engine: the binding's calls, with the errors of this package. */
import { BY_ANOTHER_COPY, BY_ITSELF, fromEngine, type StoreEvent } from '../errors.js'
import { delay, now } from '../timers.js'
import {
  type Hot,
  type NativeBackedUp,
  type NativeOptions,
  type NativeSessions,
  type NativeStats,
  type NativeStore,
  type Outcome,
  openStore,
} from './native.js'
import { buffer } from './scratch.js'

/** How often an opening looks whether another process has released the store. */
const LOCK_RETRY_MS = 20

/** An open store. native.d.cts documents the calls (`Hot`) and their results. */
export class Engine {
  private readonly store: NativeStore
  private readonly hot: Hot

  private constructor(store: NativeStore, knownTokens: number) {
    this.store = store
    this.hot = store.bind(buffer, knownTokens)
  }

  /**
   * @param knownTokens how many tokens the engine tracks for the cache of decoded records
   * @param onEvent receives what the engine reports outside of any call
   */
  static async open(
    options: NativeOptions,
    knownTokens: number,
    onEvent: (event: StoreEvent) => void,
  ): Promise<Engine> {
    const report = (code: string, message: string) => onEvent({ code, message })
    const opened = await openWhenFree(options, report)
    return new Engine(unwrap(opened, BY_ANOTHER_COPY), knownTokens)
  }

  /** The store's folder. */
  get path(): string {
    return this.store.path
  }

  create(at: number, length: number, ttl: number, reads: number, slot: number): string | -3 {
    try {
      return this.hot.create(at, length, ttl, reads, slot)
    } catch (error) {
      throw fromEngine(error)
    }
  }

  read(token: string): number {
    try {
      return this.hot.read(token)
    } catch (error) {
      throw fromEngine(error)
    }
  }

  fetch(token: string): number {
    try {
      return this.hot.fetch(token)
    } catch (error) {
      throw fromEngine(error)
    }
  }

  update(
    token: string,
    at: number,
    length: number,
    ttl: number,
    reads: number,
    keep: boolean,
  ): 1 | 0 | -3 {
    try {
      return this.hot.update(token, at, length, ttl, reads, keep)
    } catch (error) {
      throw fromEngine(error)
    }
  }

  remove(token: string): 1 | 0 | -3 {
    try {
      return this.hot.remove(token)
    } catch (error) {
      throw fromEngine(error)
    }
  }

  /** Reports that the record returned by the last read is cached in a slot. */
  keep(slot: number): void {
    this.hot.keep(slot)
  }

  /** Reports that the slots below one are no longer in use. */
  forgetBelow(slot: number): void {
    this.hot.forgetBelow(slot)
  }

  /** See `Hot.measure`. */
  measure(length: number): number {
    return this.hot.measure(length)
  }

  async waitForRoom(): Promise<void> {
    unwrap(await this.store.waitForRoom())
  }

  waitForRoomSync(): void {
    rethrow(() => this.store.waitForRoomSync())
  }

  async flush(): Promise<void> {
    unwrap(await this.store.flush())
  }

  flushSync(): void {
    rethrow(() => this.store.flushSync())
  }

  async stats(): Promise<NativeStats> {
    return unwrap(await this.store.stats())
  }

  async backup(
    target: string,
    onProgress: (done: number, total: number) => void,
  ): Promise<NativeBackedUp> {
    return unwrap(await this.store.backup(target, onProgress))
  }

  /** Serves the store to clients. See `NativeStore.serve`. */
  serve(maxDataSize: number, instance: Buffer, accessKey = ''): NativeSessions {
    return this.store.serve(maxDataSize, instance, Buffer.from(accessKey))
  }

  /** Refuses all calls but `close` from now on. */
  refuse(): void {
    this.store.refuse()
  }

  async close(): Promise<void> {
    const closed = await this.store.close()
    this.store.release()
    unwrap(closed)
  }
}

/**
 * Opens a store, once another process has released it if that is within `lockWaitMs`. Waits by a timer:
 * on a thread of the pool it would stop files, DNS and cryptography of the whole process.
 */
async function openWhenFree(
  options: NativeOptions,
  report: (code: string, message: string) => void,
): Promise<Outcome<NativeStore>> {
  const deadline = now() + (options.lockWaitMs ?? 0)
  for (;;) {
    const opened = await openStore({ ...options, lockWaitMs: 0 }, report)
    const left = deadline - now()
    if (opened.code !== 'ERR_CRUDJT_STORE_LOCKED' || left <= 0) return opened
    await delay(Math.min(LOCK_RETRY_MS, left))
  }
}

function rethrow(call: () => void): void {
  try {
    call()
  } catch (error) {
    throw fromEngine(error)
  }
}

/**
 * Returns the value of an outcome, or throws the error it failed with.
 * @param ownLock how the error of a store that this very process has locked explains that
 */
export function unwrap<T>(outcome: Outcome<T>, ownLock = BY_ITSELF): T {
  if (outcome.code !== undefined) throw fromEngine(outcome, ownLock)
  return outcome.value
}
