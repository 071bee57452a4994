/** What the services of a master need of the store. */
import type { NativeSessions } from '../../engine/native.js'
import type { QueuedCalls } from '../../records/queued-calls.js'

/** An open store. */
export interface Served {
  readonly calls: QueuedCalls
  /** The data size limit, which applies to the most compact encoding. */
  readonly dataSize: number
  /** Tells the bytes of decoded records that are cached, now and whenever that has changed by much. */
  tellCachedBytes(listener: (bytes: number) => void): void
  /** See `Hot.measure` in native.d.cts. */
  measure(length: number): number
  /**
   * Serves batch streams.
   * @param instance random bytes that identify this start of the master
   * @param accessKey what clients must prove, if there is one
   */
  serve(instance: Buffer, accessKey: string | undefined): NativeSessions
}
