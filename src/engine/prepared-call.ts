/**
 * The arguments of a create or update as the engine takes them: the data in the scratch buffer, the
 * rest here. There is one set of them, as there is one buffer; whoever fills it calls the engine, or
 * defers the call, before anything else of the program runs.
 */
import { NO_LIMIT } from './native.js'
import { bytes, DATA_OFFSET, ensureFree, exact, READS_EXACT, TTL_EXACT } from './scratch.js'

/** What was prepared last. */
export const prepared = {
  /** Where the data begins in the scratch buffer, and how many bytes it takes. */
  start: DATA_OFFSET,
  length: 0,
  /** The limits; one that a Number cannot hold is in the scratch header. */
  ttl: NO_LIMIT,
  reads: NO_LIMIT,
  /** Whether limits that are not given stay as they are. */
  keep: false,
  /** Whether the caller waits until the change is on disk. */
  durable: false,
  /** Whether the values may be cached from where they lie now. */
  isCacheable: false,
}

/**
 * A prepared call that has to wait. It has its own copy of the data, so changes that the caller makes
 * to the object meanwhile have no effect.
 */
export class DeferredCall {
  private readonly call = { ...prepared, start: DATA_OFFSET, isCacheable: false }
  private readonly data = Buffer.from(
    bytes.subarray(prepared.start, prepared.start + prepared.length),
  )
  private readonly exactTtl = exact[TTL_EXACT] as bigint
  private readonly exactReads = exact[READS_EXACT] as bigint

  /** Prepares it again: the call to the engine has to follow at once. */
  restore(): void {
    ensureFree()
    Object.assign(prepared, this.call)
    bytes.set(this.data, DATA_OFFSET)
    exact[TTL_EXACT] = this.exactTtl
    exact[READS_EXACT] = this.exactReads
  }
}
