/**
 * A cursor over untrusted MessagePack: enough to locate the parts of a master's response. The data
 * itself is left to the decoder.
 *
 * Invariant: it never leaves the buffer, whatever lengths the bytes claim; it throws TRUNCATED instead.
 */

/** Thrown where the bytes are truncated or not of the expected type. */
export const TRUNCATED = new Error('truncated')

/** Sizes of the length fields of bin, ext and str, in the order of their codes. */
const LENGTH_WIDTHS = [1, 2, 4, 1, 2, 4]
/** Sizes of the values of the codes 0xca to 0xd3. */
const NUMBER_WIDTHS = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8]

/** A position in a buffer. */
export class MsgpackCursor {
  at = 0

  constructor(readonly bytes: Buffer) {}

  /** Reads a map header: the number of entries. */
  map(): number {
    const code = this.uint(1)
    if (code >= 0x80 && code < 0x90) return code & 0x0f
    if (code === 0xde) return this.uint(2)
    if (code === 0xdf) return this.uint(4)
    throw TRUNCATED
  }

  /** Reads text; any other value is skipped and gives undefined. */
  text(): string | undefined {
    const code = this.bytes[this.at] as number
    const isText = (code >= 0xa0 && code < 0xc0) || (code >= 0xd9 && code <= 0xdb)
    const start = this.at
    this.skip()
    if (!isText) return undefined
    const header = code < 0xc0 ? 1 : 1 + (LENGTH_WIDTHS[code - 0xd9] as number)
    return this.bytes.toString('utf8', start + header, this.at)
  }

  /** Reads a number; any other value is skipped and gives undefined. */
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

  /** Skips one value, including its elements. */
  skip(): void {
    for (let left = 1; left > 0; left--) left += this.skipHeader()
  }

  /** Skips a value up to its elements, and returns how many elements follow. */
  private skipHeader(): number {
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
