/** Splits a stream of bytes into messages, each in a frame: a header that tells its length, and the message. */
export class FrameReader {
  /** The chunks of an incomplete frame. */
  private chunks: Buffer[] = []
  private length = 0
  /** How many bytes it takes to continue. */
  private needed: number

  /**
   * @param headerBytes the size of a header
   * @param lengthOf the length that the header at an offset tells; undefined if the frame is refused
   */
  constructor(
    private readonly headerBytes: number,
    private readonly lengthOf: (bytes: Buffer, at: number) => number | undefined,
  ) {
    this.needed = headerBytes
  }

  /**
   * Reads a chunk.
   * @param onMessage called with each complete message
   * @returns false for a frame that is refused
   */
  read(chunk: Buffer, onMessage: (message: Buffer) => void): boolean {
    this.chunks.push(chunk)
    this.length += chunk.length
    if (this.length < this.needed) return true
    const bytes = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks)
    const { headerBytes } = this
    for (let at = 0; ; ) {
      const left = bytes.length - at
      const length = left < headerBytes ? 0 : this.lengthOf(bytes, at)
      if (length === undefined) return false
      const size = headerBytes + length
      if (left < size) {
        this.keep(bytes.subarray(at), size)
        return true
      }
      onMessage(bytes.subarray(at + headerBytes, at + size))
      at += size
    }
  }

  private keep(rest: Buffer, needed: number): void {
    this.chunks = rest.length > 0 ? [rest] : []
    this.length = rest.length
    this.needed = needed
  }
}
