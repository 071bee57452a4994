/**
 * The messages of `proto/token.proto`, encoded and decoded by hand: without intermediate objects, and
 * with data copied only once.
 */
import {
  DELIMITED,
  DELIMITED_HEADER_BYTES,
  INTEGER_FIELD_BYTES,
  type Int64,
  ProtobufReader,
  readField1,
  tagOf,
  VARINT,
  writeDelimited,
  writeInt64,
  writeText,
} from './protobuf.js'

const EMPTY = Buffer.alloc(0)

/** An UpdateTokenRequest, or a CreateTokenRequest, which has no token. */
export interface DataRequest {
  token: string
  /** The buffer that holds the data as MessagePack, from `from` to `to`; untrusted. */
  bytes: Buffer
  from: number
  to: number
  /** Limits; -1: none. */
  ttl: Int64
  reads: Int64
  keep: boolean
}

/** Decodes a CreateTokenRequest. */
export function readCreateRequest(message: Buffer): DataRequest {
  return readDataRequest(message, 0)
}

/** Decodes an UpdateTokenRequest: the same fields after the token. */
export function readUpdateRequest(message: Buffer): DataRequest {
  return readDataRequest(message, 1)
}

/** @param before how many fields precede the data */
function readDataRequest(message: Buffer, before: 0 | 1): DataRequest {
  const data = { bytes: message, from: 0, to: 0 }
  const request: DataRequest = { token: '', ...data, ttl: 0, reads: 0, keep: false }
  const reader = new ProtobufReader(message)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(before, DELIMITED)) request.token = reader.ascii()
    else if (tag === tagOf(before + 1, DELIMITED)) {
      reader.delimited()
      request.from = reader.from
      request.to = reader.to
    } else if (tag === tagOf(before + 2, VARINT)) request.ttl = reader.int64()
    else if (tag === tagOf(before + 3, VARINT)) request.reads = reader.int64()
    else if (tag === tagOf(5, VARINT) && before === 1) request.keep = reader.bool()
    else reader.skip(tag)
  }
  return request
}

/** Decodes the token, the only field of a ReadTokenRequest or DeleteTokenRequest. */
export function readTokenRequest(message: Buffer): string {
  return readFirst(message).toString('latin1')
}

/** The bytes of field 1 as in CreateTokenResponse and ReadTokenResponse; empty if absent. */
export function readFirst(message: Buffer): Buffer {
  return readField1(message, DELIMITED, EMPTY, (reader) => reader.slice())
}

/** Decodes the result of an UpdateTokenResponse or DeleteTokenResponse. */
export function readResult(message: Buffer): boolean {
  return readField1(message, VARINT, false, (reader) => reader.bool())
}

/** Encodes a message whose only field is a token. */
export function writeToken(token: string): Buffer {
  const message = Buffer.allocUnsafe(DELIMITED_HEADER_BYTES + Buffer.byteLength(token))
  return message.subarray(0, writeText(message, 0, 1, token))
}

const TRUE = Buffer.from([tagOf(1, VARINT), 1])

/** Encodes an UpdateTokenResponse or DeleteTokenResponse. */
export function writeResult(result: boolean): Buffer {
  return result ? TRUE : EMPTY
}

/** The most bytes that the data's header and both limits take. */
const DATA_REQUEST_BYTES = DELIMITED_HEADER_BYTES + 2 * INTEGER_FIELD_BYTES

/** Encodes a CreateTokenRequest. */
export function writeCreateRequest(request: DataRequest): Buffer {
  return writeDataRequest(EMPTY, 1, request)
}

/** Encodes an UpdateTokenRequest: the same fields after the token. */
export function writeUpdateRequest(request: DataRequest): Buffer {
  return writeDataRequest(writeToken(request.token), 2, request)
}

/** @param field the number of the first field after what goes `before` */
function writeDataRequest(before: Buffer, field: number, request: DataRequest): Buffer {
  const { bytes, from, to, ttl, reads } = request
  const message = Buffer.allocUnsafe(before.length + DATA_REQUEST_BYTES + to - from)
  let at = writeDelimited(message, before.copy(message), field, to - from)
  at += bytes.copy(message, at, from, to)
  at = writeInt64(message, at, field + 1, ttl)
  return message.subarray(0, writeInt64(message, at, field + 2, reads))
}
