/** The encoder and the decoder, which the package does not export: from the built files. */

import { bytes, DATA_OFFSET } from '../../build/src/engine/scratch.js'
import { decodeMap } from '../../build/src/msgpack/decode.js'
import { encode } from '../../build/src/msgpack/encode.js'

/** What data packs to. */
export function pack(data: unknown, limit = 65_536): Buffer {
  const length = encode(data, limit)
  return Buffer.from(bytes.subarray(DATA_OFFSET, DATA_OFFSET + length))
}

/** The map that bytes are. */
export function unpack(packed: Uint8Array): Record<string, unknown> {
  bytes.fill(0xff, DATA_OFFSET, DATA_OFFSET + packed.length + 16)
  bytes.set(packed, DATA_OFFSET)
  const values: unknown[] = []
  return decodeMap(packed.length, values, 0).build(values, 0)
}
