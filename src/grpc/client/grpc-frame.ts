/** gRPC's framing: each message is preceded by a compression flag and its length. */
import { FrameReader } from '../../local/frame-reader.js'

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

/** Splits a stream into messages; refuses one that is compressed or too long. */
export function grpcFrameReader(): FrameReader {
  return new FrameReader(FRAME_HEADER_BYTES, (bytes, at) => {
    const length = bytes.readUInt32BE(at + 1)
    const isTooLong = FRAME_HEADER_BYTES + length > MAX_MESSAGE_BYTES
    return bytes[at] !== 0 || isTooLong ? undefined : length
  })
}
