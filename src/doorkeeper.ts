/**
 * Tells tokens that were read before from those that come for the first time, so that reading a
 * great many tokens once each costs no memory and throws nothing out.
 *
 * It forgets, and once in some hundred times it takes a stranger for an acquaintance: a hint, no more.
 */

const PLACES = 1 << 16
/** One bit more than any six bits of a token, so that an empty place is nobody's. */
const TAKEN = 64

/** Remembers roughly which tokens it has seen. */
export class Doorkeeper {
  private readonly seen = new Uint8Array(PLACES)

  /**
   * Whether the token was here before; from now on it was.
   * @param token any text; of a real token, each character is six random bits
   */
  knows(token: string): boolean {
    const place = (bits(token, 0) << 12) | (bits(token, 1) << 6) | bits(token, 2)
    const tag = TAKEN | bits(token, 3)
    const index = (place ^ (bits(token, 4) << 10)) & (PLACES - 1)
    if (this.seen[index] === tag) return true
    this.seen[index] = tag
    return false
  }
}

/** About six bits of a character: letters, digits, - and _ differ in their low seven. */
function bits(token: string, at: number): number {
  const code = token.charCodeAt(at)
  return (code ^ (code >> 6)) & 63
}
