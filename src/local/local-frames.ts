/** Frames of the local socket: a length of four bytes, little-endian, and a message. */
import { FrameReader } from './frame-reader.js'

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

/** Splits what a socket receives into messages; refuses one that is too long. */
export function localFrameReader(): FrameReader {
  return new FrameReader(LENGTH_BYTES, (bytes, at) => {
    const length = bytes.readUInt32LE(at)
    return length > MAX_MESSAGE_BYTES ? undefined : length
  })
}
