/**
 * The map that a ReadTokenResponse carries: `data` and, where a limit is set, `metadata`. The master
 * writes it around the bytes of the data, which it never decodes; the client takes it apart again,
 * whoever wrote it, into the scratch buffer as the engine would have filled it.
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
import { varintBytes } from './protobuf.js'
import { writeDelimited } from './token-messages.js'

/** The most bytes of data that the scratch buffer takes. */
const MOST_DATA = DATA_END - DATA_OFFSET

const DATA = Buffer.from('\xa4data', 'latin1')
const METADATA = Buffer.from('\xa8metadata', 'latin1')
const TTL = Buffer.from('\xa3ttl', 'latin1')
const SILENCE_READ = Buffer.from('\xacsilence_read', 'latin1')

/** Room for everything in front of the data: both limits take 60 bytes. */
const front = Buffer.alloc(64)

/** The ReadTokenResponse that says that there is no such token. */
export const NO_TOKEN = Buffer.from([0x0a, 1, 0xc0])

/** The ReadTokenResponse of what the engine put into the scratch buffer. */
export function writeReadResponse(length: number): Buffer {
  const head = writeFront()
  const size = head + length
  const message = Buffer.allocUnsafe(1 + varintBytes(size) + size)
  let at = writeDelimited(message, 0, 1, size)
  at += front.copy(message, at, 0, head)
  bytes.copy(message, at, DATA_OFFSET, DATA_OFFSET + length)
  return message
}

/** Writes everything in front of the data and gives how many bytes that are. */
function writeFront(): number {
  const ttl = header[TTL_LEFT] as number
  const reads = header[READS_LEFT] as number
  const limits = Number(ttl >= 0) + Number(reads >= 0)
  let at = 1
  if (limits > 0) {
    at += METADATA.copy(front, at)
    front[at++] = 0x80 | limits
  }
  if (ttl >= 0) at = writeLimit(at, TTL, ttl, TTL_EXACT)
  if (reads >= 0) at = writeLimit(at, SILENCE_READ, reads, READS_EXACT)
  front[0] = limits > 0 ? 0x82 : 0x81
  return at + DATA.copy(front, at)
}

function writeLimit(start: number, key: Buffer, value: number, index: number): number {
  const at = start + key.copy(front, start)
  if (value < 0x80) return front.writeUInt8(value, at)
  if (value < 0x10000) {
    front[at] = 0xcd
    return front.writeUInt16BE(value, at + 1)
  }
  if (value <= 0xffffffff) {
    front[at] = 0xce
    return front.writeUInt32BE(value, at + 1)
  }
  front[at] = 0xcf
  return front.writeBigUInt64BE(exact[index] as bigint, at + 1)
}

/**
 * Puts the parts of a packed result into the scratch buffer: the data and the limits.
 * @returns how many bytes the data takes; -1 if the result says that there is no such token
 * @throws CRUDJTError `ERR_CRUDJT_DAMAGED`
 */
export function openResult(result: Buffer): number {
  if (result.length === 0) return -1
  if (result.length === 1 && (result[0] === 0xc0 || result[0] === 0x80)) return -1
  try {
    return openMap(new MsgpackCursor(result))
  } catch (cause) {
    throw damaged(cause)
  }
}

function openMap(cursor: MsgpackCursor): number {
  let length = -1
  header[TTL_LEFT] = -1
  header[READS_LEFT] = -1
  for (let left = cursor.map(); left > 0; left--) {
    const key = cursor.text()
    if (key === 'metadata') openMetadata(cursor)
    else if (key === 'data') length = takeData(cursor)
    else cursor.skip()
  }
  if (length < 0 || cursor.at !== cursor.bytes.length) throw damaged(undefined)
  return length
}

function openMetadata(cursor: MsgpackCursor): void {
  for (let left = cursor.map(); left > 0; left--) {
    const key = cursor.text()
    if (key === 'ttl') takeLimit(cursor, TTL_LEFT, TTL_EXACT)
    else if (key === 'silence_read') takeLimit(cursor, READS_LEFT, READS_EXACT)
    else cursor.skip()
  }
}

function takeLimit(cursor: MsgpackCursor, index: number, exactIndex: number): void {
  const limit = cursor.number() ?? -1
  // Some masters write whole numbers as floats.
  if (limit < 0 || (typeof limit === 'number' && !Number.isInteger(limit))) return
  header[index] = Number(limit)
  exact[exactIndex] = BigInt(limit)
}

function takeData(cursor: MsgpackCursor): number {
  const start = cursor.at
  cursor.skip()
  if (cursor.at - start > MOST_DATA) throw damaged(undefined)
  return cursor.bytes.copy(bytes, DATA_OFFSET, start, cursor.at)
}

function damaged(cause: unknown): CRUDJTError {
  if (cause instanceof CRUDJTError) return cause
  return new CRUDJTError('ERR_CRUDJT_DAMAGED', "The master's answer can't be read", { cause })
}
