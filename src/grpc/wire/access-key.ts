/**
 * The access key: the header in which a client sends it, and the master's check. The check compares
 * SHA-256 digests in constant time, so that timing reveals neither the key's length nor its content.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

/** The header that carries the key. */
export const ACCESS_HEADER = 'authorization'

/** The header's value for a key. */
export function bearer(key: string): string {
  return `Bearer ${key}`
}

/** A master's access check. */
export class AccessKey {
  private readonly digest: Buffer | undefined

  /** @param key the key that clients must send; undefined: every client is admitted */
  constructor(key: string | undefined) {
    this.digest = key === undefined ? undefined : digestOf(bearer(key))
  }

  /** Whether clients must send a key. */
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
