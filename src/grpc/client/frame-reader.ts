/** Takes gRPC's messages out of the pieces in which they arrive. */
import { FRAME_BYTES } from './grpc-call.js'

/** More than any message that a master sends. */
const MOST_BYTES = 4 << 20

/** Reads one stream's messages. */
export class FrameReader {
  /** What has arrived of a message that is not complete. */
  private pieces: Buffer[] = []
  private length = 0
  /** How many bytes are needed to go on. */
  private needed = FRAME_BYTES

  /**
   * Takes a piece.
   * @param found gets each message that is complete
   * @returns false for what is no message: compressed, or too long
   */
  take(piece: Buffer, found: (message: Buffer) => void): boolean {
    if (this.length + piece.length < this.needed) {
      this.keep(piece)
      return true
    }
    const bytes = this.length === 0 ? piece : Buffer.concat([...this.pieces, piece])
    let at = 0
    for (;;) {
      const left = bytes.length - at
      const size = left < FRAME_BYTES ? FRAME_BYTES : FRAME_BYTES + bytes.readUInt32BE(at + 1)
      if (left >= FRAME_BYTES && (bytes[at] !== 0 || size > MOST_BYTES)) return false
      if (left < size) {
        this.restart(bytes.subarray(at), size)
        return true
      }
      found(bytes.subarray(at + FRAME_BYTES, at + size))
      at += size
    }
  }

  private keep(piece: Buffer): void {
    this.pieces.push(piece)
    this.length += piece.length
  }

  private restart(rest: Buffer, needed: number): void {
    this.pieces = []
    this.length = 0
    this.needed = needed
    if (rest.length > 0) this.keep(rest)
  }
}
