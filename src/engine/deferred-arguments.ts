/**
 * The arguments of a create or update, packed in the scratch buffer, taken out of it to be put back
 * later: for calls that have to wait. A copy is made, so what the caller does to the data meanwhile
 * has no effect.
 */
import { bytes, DATA_OFFSET, ensureFree, exact, READS_EXACT, TTL_EXACT } from './scratch.js'

/** Packed data with its limits. */
export class DeferredArguments {
  /** How many bytes the data takes. */
  readonly length: number
  /** The ttl, as the engine takes it. */
  readonly ttl: number
  /** The reads, as the engine takes them. */
  readonly reads: number
  private readonly data: Buffer
  private readonly exactTtl = exact[TTL_EXACT] as bigint
  private readonly exactReads = exact[READS_EXACT] as bigint

  /** Takes what lies in the scratch buffer now. */
  constructor(length: number, ttl: number, reads: number) {
    this.length = length
    this.ttl = ttl
    this.reads = reads
    this.data = Buffer.from(bytes.subarray(DATA_OFFSET, DATA_OFFSET + length))
  }

  /** Puts it back into the scratch buffer: the call to the engine has to follow at once. */
  restore(): void {
    ensureFree()
    bytes.set(this.data, DATA_OFFSET)
    exact[TTL_EXACT] = this.exactTtl
    exact[READS_EXACT] = this.exactReads
  }
}
