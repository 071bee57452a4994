/** Frames of the local socket: a length of four bytes, little-endian, and a message. */

/** The size of a frame's length. */
const LENGTH_BYTES = 4
/** The longest message. */
const MAX_MESSAGE_BYTES = 1 << 20

/**
 * Completes a frame. @param start where its message begins: at least four bytes before are free
 * @returns the frame, without what is before it
 */
export function completeLocalFrame(bytes: Buffer, start: number): Buffer {
  bytes.writeUInt32LE(bytes.length - start, start - LENGTH_BYTES)
  return bytes.subarray(start - LENGTH_BYTES)
}

/** Splits what a socket receives into messages. */
export class LocalFrameReader {
  /** The chunks of an incomplete frame. */
  private chunks: Buffer[] = []
  private length = 0
  /** How many bytes it takes to continue. */
  private needed = LENGTH_BYTES

  /**
   * Reads a chunk.
   * @param onMessage called with each complete message
   * @returns false for a message that is too long
   */
  read(chunk: Buffer, onMessage: (message: Buffer) => void): boolean {
    this.chunks.push(chunk)
    this.length += chunk.length
    if (this.length < this.needed) return true
    const bytes = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks)
    for (let at = 0; ; ) {
      const left = bytes.length - at
      const size = left < LENGTH_BYTES ? 0 : bytes.readUInt32LE(at)
      if (size > MAX_MESSAGE_BYTES) return false
      const end = at + LENGTH_BYTES + size
      if (left < LENGTH_BYTES || end > bytes.length) {
        this.keep(bytes.subarray(at), end - at)
        return true
      }
      onMessage(bytes.subarray(at + LENGTH_BYTES, end))
      at = end
    }
  }

  private keep(rest: Buffer, needed: number): void {
    this.chunks = rest.length > 0 ? [rest] : []
    this.length = rest.length
    this.needed = needed
  }
}
