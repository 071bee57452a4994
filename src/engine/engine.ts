/**
 * The engine as the rest of the library calls it: the same calls, with errors of this package's
 * classes. Holds no logic of its own.
 */
import { fromEngine, type StoreEvent } from '../errors.js'
import {
  type Hot,
  type NativeBackedUp,
  type NativeOptions,
  type NativeStats,
  type NativeStore,
  type Outcome,
  openStore,
} from './native.js'
import { buffer } from './scratch.js'

/** One open store of the engine. The hot calls are those of `Hot` in native.d.cts. */
export class Engine {
  private readonly store: NativeStore
  private readonly hot: Hot

  private constructor(store: NativeStore, knownTokens: number) {
    this.store = store
    this.hot = store.bind(buffer, knownTokens)
  }

  /**
   * @param knownTokens of how many tokens it can know that their data is kept decoded
   * @param onEvent gets what happens outside of any call
   */
  static async open(
    options: NativeOptions,
    knownTokens: number,
    onEvent: (event: StoreEvent) => void,
  ): Promise<Engine> {
    const tell = (code: string, message: string) => onEvent({ code, message })
    return new Engine(unwrap(await openStore(options, tell)), knownTokens)
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

  /** Tells that the data which the last read answered is kept in a slot. */
  keep(slot: number): void {
    this.hot.keep(slot)
  }

  /** Tells that nothing is kept any more in the slots below one. */
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
    now(() => this.store.waitForRoomSync())
  }

  async flush(): Promise<void> {
    unwrap(await this.store.flush())
  }

  flushSync(): void {
    now(() => this.store.flushSync())
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

  async close(): Promise<void> {
    unwrap(await this.store.close())
  }
}

function now(call: () => void): void {
  try {
    call()
  } catch (error) {
    throw fromEngine(error)
  }
}

/** The value of an outcome; throws what it failed with. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.code !== undefined) throw fromEngine(outcome)
  return outcome.value
}
