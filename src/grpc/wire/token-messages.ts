/**
 * The messages of `proto/token.proto`, read and written by hand: no objects of the library in
 * between, and data goes straight from and into the scratch buffer.
 */
import { bytes, DATA_OFFSET } from '../../engine/scratch.js'
import {
  DELIMITED,
  int64Varint,
  ProtobufReader,
  tagOf,
  varintBytes,
  writeVarint,
} from './protobuf.js'

const EMPTY = Buffer.alloc(0)

/** CreateTokenRequest, and UpdateTokenRequest without its token. */
export interface DataRequest {
  token: string
  /** MessagePack of the caller's data, from somebody who may send anything. */
  data: { bytes: Buffer; from: number; to: number }
  ttl: number | bigint
  silence_read: number | bigint
  keep: boolean
}

/** Reads a CreateTokenRequest. */
export function readCreateRequest(message: Buffer): DataRequest {
  return readDataRequest(message, 0)
}

/** Reads an UpdateTokenRequest: the same fields behind the token. */
export function readUpdateRequest(message: Buffer): DataRequest {
  return readDataRequest(message, 1)
}

/** @param before how many fields come before the data */
function readDataRequest(message: Buffer, before: 0 | 1): DataRequest {
  const data = { bytes: message, from: 0, to: 0 }
  const request: DataRequest = { token: '', data, ttl: 0, silence_read: 0, keep: false }
  const reader = new ProtobufReader(message)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(before, DELIMITED)) request.token = reader.ascii()
    else if (tag === tagOf(before + 1, DELIMITED)) {
      reader.part()
      data.from = reader.from
      data.to = reader.to
    } else if (tag === tagOf(before + 2, 0)) request.ttl = reader.int64()
    else if (tag === tagOf(before + 3, 0)) request.silence_read = reader.int64()
    else if (tag === tagOf(5, 0) && before === 1) request.keep = reader.bool()
    else reader.skip(tag)
  }
  return request
}

/** Reads the token, the only field of a ReadTokenRequest or DeleteTokenRequest. */
export function readTokenRequest(message: Buffer): string {
  return readFirst(message).toString('latin1')
}

/** The bytes of field 1; empty if it is left out, as in a CreateTokenResponse or ReadTokenResponse. */
export function readFirst(message: Buffer): Buffer {
  let first: Buffer = EMPTY
  const reader = new ProtobufReader(message)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(1, DELIMITED)) first = reader.slice()
    else reader.skip(tag)
  }
  return first
}

/** Reads the result of an UpdateTokenResponse or DeleteTokenResponse. */
export function readResult(message: Buffer): boolean {
  let result = false
  const reader = new ProtobufReader(message)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(1, 0)) result = reader.bool()
    else reader.skip(tag)
  }
  return result
}

/** A message whose field 1 is a token: any request or response but those below. */
export function writeToken(token: string): Buffer {
  const size = Buffer.byteLength(token)
  const message = Buffer.allocUnsafe(1 + varintBytes(size) + size)
  message.write(token, writeDelimited(message, 0, 1, size), 'utf8')
  return message
}

const YES = Buffer.from([tagOf(1, 0), 1])

/** An UpdateTokenResponse or DeleteTokenResponse. */
export function writeResult(result: boolean): Buffer {
  return result ? YES : EMPTY
}

/** Limits of a request: -1 is none. */
export interface WireLimits {
  readonly ttl: number | bigint
  readonly silence_read: number | bigint
}

/** A CreateTokenRequest with the data that lies in the scratch buffer. */
export function writeCreateRequest(length: number, limits: WireLimits): Buffer {
  const [ttl, reads] = [int64Varint(limits.ttl), int64Varint(limits.silence_read)]
  const size = 1 + varintBytes(length) + length + 2 + ttl.length + reads.length
  const message = Buffer.allocUnsafe(size)
  writeData(message, 0, 1, length, ttl, reads)
  return message
}

/** An UpdateTokenRequest with the data that lies in the scratch buffer. */
export function writeUpdateRequest(token: string, length: number, limits: WireLimits): Buffer {
  const [ttl, reads] = [int64Varint(limits.ttl), int64Varint(limits.silence_read)]
  const head = writeToken(token)
  const size = head.length + 1 + varintBytes(length) + length + 2 + ttl.length + reads.length
  const message = Buffer.allocUnsafe(size)
  head.copy(message)
  writeData(message, head.length, 2, length, ttl, reads)
  return message
}

/** Data and both limits as three fields in a row. */
function writeData(
  message: Buffer,
  start: number,
  field: number,
  length: number,
  ttl: Buffer,
  reads: Buffer,
): void {
  let at = writeDelimited(message, start, field, length)
  at += bytes.copy(message, at, DATA_OFFSET, DATA_OFFSET + length)
  at = writeVarint(message, at, tagOf(field + 1, 0))
  at += ttl.copy(message, at)
  at = writeVarint(message, at, tagOf(field + 2, 0))
  reads.copy(message, at)
}

/** Writes what stands in front of a length-delimited field of at most 15. */
export function writeDelimited(message: Buffer, at: number, field: number, size: number): number {
  message[at] = tagOf(field, DELIMITED)
  return writeVarint(message, at + 1, size)
}
