/**
 * A cursor over MessagePack that came from a master: enough to find the parts of an answer. The data
 * itself is left to the decoder.
 *
 * Invariant: it never leaves the bytes, whatever they claim; then it throws TRUNCATED.
 */

/** Thrown where the bytes end too early or hold what can't stand there. */
export const TRUNCATED = new Error('truncated')

/** How many bytes the length behind a code takes, by the code less 0xc4; 0: none. */
const LENGTH_WIDTHS = [1, 2, 4, 1, 2, 4]
/** How many bytes the values of the codes 0xca to 0xd3 take. */
const NUMBER_WIDTHS = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8]

/** A place in some bytes. */
export class MsgpackCursor {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** The number of entries of the map that stands here. */
  map(): number {
    const code = this.uint(1)
    if (code >= 0x80 && code < 0x90) return code & 0x0f
    if (code === 0xde) return this.uint(2)
    if (code === 0xdf) return this.uint(4)
    throw TRUNCATED
  }

  /** The text that stands here; undefined, and passed over, for any other value. */
  text(): string | undefined {
    const code = this.bytes[this.at] as number
    const isText = (code >= 0xa0 && code < 0xc0) || (code >= 0xd9 && code <= 0xdb)
    const start = this.at
    this.skip()
    if (!isText) return undefined
    const header = code < 0xc0 ? 1 : 1 + (LENGTH_WIDTHS[code - 0xd9] as number)
    return this.bytes.toString('utf8', start + header, this.at)
  }

  /** The number that stands here; undefined, and passed over, for any other value. */
  number(): number | bigint | undefined {
    const start = this.at + 1
    const code = this.bytes[this.at] as number
    this.skip()
    if (code < 0x80) return code
    if (code === 0xcb) return this.bytes.readDoubleBE(start)
    if (code === 0xcf) return this.bytes.readBigUInt64BE(start)
    if (code === 0xd3) return this.bytes.readBigInt64BE(start)
    if (code >= 0xcc && code <= 0xce) return this.bytes.readUIntBE(start, this.at - start)
    if (code >= 0xd0 && code <= 0xd2) return this.bytes.readIntBE(start, this.at - start)
    return code >= 0xe0 ? code - 0x100 : undefined
  }

  /** Passes over one value with all that is in it. */
  skip(): void {
    for (let left = 1; left > 0; left--) left += this.skipHead()
  }

  /** Passes over a value but for what it contains, and gives how many values that are. */
  private skipHead(): number {
    const code = this.uint(1)
    if (code < 0x80 || code >= 0xe0) return 0
    if (code < 0x90) return 2 * (code & 0x0f)
    if (code < 0xa0) return code & 0x0f
    if (code < 0xc0) return this.advance(code & 0x1f)
    if (code < 0xc4) return 0
    if (code < 0xc7) return this.advance(this.uint(LENGTH_WIDTHS[code - 0xc4] as number))
    if (code < 0xca) return this.advance(this.uint(LENGTH_WIDTHS[code - 0xc7] as number) + 1)
    if (code < 0xd4) return this.advance(NUMBER_WIDTHS[code - 0xca] as number)
    if (code < 0xd9) return this.advance((1 << (code - 0xd4)) + 1)
    if (code < 0xdc) return this.advance(this.uint(LENGTH_WIDTHS[code - 0xd9] as number))
    if (code < 0xde) return this.uint(code === 0xdc ? 2 : 4)
    return 2 * this.uint(code === 0xde ? 2 : 4)
  }

  private uint(width: number): number {
    const start = this.at
    this.advance(width)
    return this.bytes.readUIntBE(start, width)
  }

  private advance(length: number): 0 {
    if (length > this.bytes.length - this.at) throw TRUNCATED
    this.at += length
    return 0
  }
}
