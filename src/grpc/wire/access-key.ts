/**
 * The access key: what clients show with each call, and how a master compares it. What is compared
 * are digests, in constant time, so that neither length nor content can be found out by timing.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

/** The header that carries the key. */
export const ACCESS_HEADER = 'authorization'

/** The header's value for a key. */
export function bearer(key: string): string {
  return `Bearer ${key}`
}

/** Who is let in. */
export class AccessKey {
  private readonly digest: Buffer | undefined

  /** @param key what clients have to show; undefined: everybody is let in */
  constructor(key: string | undefined) {
    this.digest = key === undefined ? undefined : digestOf(bearer(key))
  }

  /** Whether a key is asked for at all. */
  get isGuarded(): boolean {
    return this.digest !== undefined
  }

  /** @param given what stands in the header, if anything */
  admits(given: unknown): boolean {
    if (this.digest === undefined) return true
    return typeof given === 'string' && timingSafeEqual(digestOf(given), this.digest)
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
