/**
 * The MessagePack map in a ReadTokenResponse: `data` and, where a limit is set, `metadata`. The master
 * writes it around the data's bytes, which it never decodes. The client unpacks it into the scratch
 * buffer, laid out as the engine would have left it.
 */

import {
  bytes,
  DATA_END,
  DATA_OFFSET,
  exact,
  header,
  READS_EXACT,
  READS_LEFT,
  TTL_EXACT,
  TTL_LEFT,
} from '../../engine/scratch.js'
import { CRUDJTError } from '../../errors.js'
import { MsgpackCursor } from './msgpack-cursor.js'
import { DELIMITED_HEADER_BYTES, writeDelimited } from './protobuf.js'

/** The most bytes of data that the scratch buffer holds. */
const MAX_DATA_BYTES = DATA_END - DATA_OFFSET

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
  if (value < 0x10000) {
    prefix[at] = 0xcd
    return prefix.writeUInt16BE(value, at + 1)
  }
  if (value <= 0xffffffff) {
    prefix[at] = 0xce
    return prefix.writeUInt32BE(value, at + 1)
  }
  prefix[at] = 0xcf
  return prefix.writeBigUInt64BE(exact[index] as bigint, at + 1)
}

/**
 * Unpacks a ReadTokenResponse's map into the scratch buffer: the data and the limits.
 * @returns the length of the data; -1 if there is no such token
 * @throws CRUDJTError `ERR_CRUDJT_DAMAGED`
 */
export function unpackReadResult(result: Buffer): number {
  if (result.length === 0) return -1
  if (result.length === 1 && (result[0] === 0xc0 || result[0] === 0x80)) return -1
  try {
    return unpackMap(new MsgpackCursor(result))
  } catch (cause) {
    throw damaged(cause)
  }
}

function unpackMap(cursor: MsgpackCursor): number {
  let length = -1
  header[TTL_LEFT] = -1
  header[READS_LEFT] = -1
  for (let left = cursor.map(); left > 0; left--) {
    const key = cursor.text()
    if (key === 'metadata') unpackMetadata(cursor)
    else if (key === 'data') length = copyData(cursor)
    else cursor.skip()
  }
  if (length < 0 || cursor.at !== cursor.bytes.length) throw damaged(undefined)
  return length
}

function unpackMetadata(cursor: MsgpackCursor): void {
  for (let left = cursor.map(); left > 0; left--) {
    const key = cursor.text()
    if (key === 'ttl') readLimit(cursor, TTL_LEFT, TTL_EXACT)
    else if (key === 'silence_read') readLimit(cursor, READS_LEFT, READS_EXACT)
    else cursor.skip()
  }
}

function readLimit(cursor: MsgpackCursor, index: number, exactIndex: number): void {
  const limit = cursor.number() ?? -1
  // Masters in some languages encode integers as floats.
  if (limit < 0 || (typeof limit === 'number' && !Number.isInteger(limit))) return
  header[index] = Number(limit)
  exact[exactIndex] = BigInt(limit)
}

function copyData(cursor: MsgpackCursor): number {
  const start = cursor.at
  cursor.skip()
  if (cursor.at - start > MAX_DATA_BYTES) throw damaged(undefined)
  return cursor.bytes.copy(bytes, DATA_OFFSET, start, cursor.at)
}

function damaged(cause: unknown): CRUDJTError {
  if (cause instanceof CRUDJTError) return cause
  return new CRUDJTError('ERR_CRUDJT_DAMAGED', "The master's reply cannot be decoded", { cause })
}
