/**
 * The access key in a header, in which clients in other languages and older ones send it, and the master's
 * check. Clients of this package prove it instead. The check compares SHA-256 digests in constant time, so
 * that timing reveals neither the key's length nor its content.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

/** The header that carries the key. */
export const ACCESS_HEADER = 'authorization'

/** A master's access check. */
export class AccessKey {
  private readonly digest: Buffer | undefined

  /** @param key the key that the header must hold; undefined: every client is admitted */
  constructor(key: string | undefined) {
    this.digest = key === undefined ? undefined : digestOf(`Bearer ${key}`)
  }

  /** Whether clients need the key. */
  get isRequired(): boolean {
    return this.digest !== undefined
  }

  /** Whether a client is admitted. @param header the value of its access header, if any */
  admits(header: unknown): boolean {
    if (this.digest === undefined) return true
    return typeof header === 'string' && timingSafeEqual(digestOf(header), this.digest)
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
