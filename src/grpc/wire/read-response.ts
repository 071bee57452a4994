/**
 * The MessagePack map in a ReadTokenResponse: `data` and, where a limit is set, `metadata`. The master
 * writes it around the data's bytes, which it never decodes.
 */

import {
  bytes,
  DATA_OFFSET,
  exact,
  header,
  READS_EXACT,
  READS_LEFT,
  TTL_EXACT,
  TTL_LEFT,
} from '../../engine/scratch.js'
import { DELIMITED_HEADER_BYTES, writeDelimited } from './protobuf.js'

const DATA = Buffer.from('\xa4data', 'latin1')
const METADATA = Buffer.from('\xa8metadata', 'latin1')
const TTL = Buffer.from('\xa3ttl', 'latin1')
const SILENCE_READ = Buffer.from('\xacsilence_read', 'latin1')

/** The part of the map that precedes the data; with both limits it takes 60 bytes. */
const prefix = Buffer.alloc(64)

/** The ReadTokenResponse for a token that does not exist. */
export const NO_TOKEN = Buffer.from([0x0a, 1, 0xc0])

/** Encodes the ReadTokenResponse for a record in the scratch buffer. */
export function writeReadResponse(length: number): Buffer {
  const prefixLength = writePrefix()
  const size = prefixLength + length
  const message = Buffer.allocUnsafe(DELIMITED_HEADER_BYTES + size)
  let at = writeDelimited(message, 0, 1, size)
  at += prefix.copy(message, at, 0, prefixLength)
  at += bytes.copy(message, at, DATA_OFFSET, DATA_OFFSET + length)
  return message.subarray(0, at)
}

/** Writes what precedes the data, and returns its length. */
function writePrefix(): number {
  const ttl = header[TTL_LEFT] as number
  const reads = header[READS_LEFT] as number
  const limits = Number(ttl >= 0) + Number(reads >= 0)
  let at = 1
  if (limits > 0) {
    at += METADATA.copy(prefix, at)
    prefix[at++] = 0x80 | limits
  }
  if (ttl >= 0) at = writeLimit(at, TTL, ttl, TTL_EXACT)
  if (reads >= 0) at = writeLimit(at, SILENCE_READ, reads, READS_EXACT)
  prefix[0] = limits > 0 ? 0x82 : 0x81
  return at + DATA.copy(prefix, at)
}

function writeLimit(start: number, key: Buffer, value: number, index: number): number {
  const at = start + key.copy(prefix, start)
  if (value < 0x80) return prefix.writeUInt8(value, at)
  if (value < 0x10000) return prefix.writeUInt16BE(value, prefix.writeUInt8(0xcd, at))
  if (value <= 0xffffffff) return prefix.writeUInt32BE(value, prefix.writeUInt8(0xce, at))
  return prefix.writeBigUInt64BE(exact[index] as bigint, prefix.writeUInt8(0xcf, at))
}
