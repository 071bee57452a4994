/** gRPC's framing: each message is preceded by a compression flag and its length. */

/** The size of a frame's header. */
export const FRAME_HEADER_BYTES = 5

/** More than any message of a master takes. */
const MAX_MESSAGE_BYTES = 4 << 20

/** Fills in the header of a frame whose message is in place. */
export function writeFrameHeader(frame: Buffer): Buffer {
  frame[0] = 0
  frame.writeUInt32BE(frame.length - FRAME_HEADER_BYTES, 1)
  return frame
}

/** A message in its frame. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + message.length)
  message.copy(frame, FRAME_HEADER_BYTES)
  return writeFrameHeader(frame)
}

/** Splits a stream into messages. */
export class FrameReader {
  /** The chunks of an incomplete frame. */
  private chunks: Buffer[] = []
  private length = 0
  /** How many bytes it takes to continue. */
  private needed = FRAME_HEADER_BYTES

  /**
   * Reads a chunk.
   * @param onMessage called with each complete message
   * @returns false for a message that is compressed or too long
   */
  read(chunk: Buffer, onMessage: (message: Buffer) => void): boolean {
    this.chunks.push(chunk)
    this.length += chunk.length
    if (this.length < this.needed) return true
    const bytes = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks)
    let at = 0
    for (;;) {
      const left = bytes.length - at
      const hasHeader = left >= FRAME_HEADER_BYTES
      const size = FRAME_HEADER_BYTES + (hasHeader ? bytes.readUInt32BE(at + 1) : 0)
      if (hasHeader && (bytes[at] !== 0 || size > MAX_MESSAGE_BYTES)) return false
      if (left < size) {
        this.chunks = left > 0 ? [bytes.subarray(at)] : []
        this.length = left
        this.needed = size
        return true
      }
      onMessage(bytes.subarray(at + FRAME_HEADER_BYTES, at + size))
      at += size
    }
  }
}
