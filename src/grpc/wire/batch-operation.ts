/**
 * Operations of `proto/batch.proto`, which a client encodes with data from the scratch buffer, and
 * decodes again for a master without the batch stream.
 */
import { EXACT_LIMIT, NO_LIMIT } from '../../engine/native.js'
import {
  DATA_OFFSET,
  exact,
  READS_EXACT,
  bytes as shared,
  TTL_EXACT,
} from '../../engine/scratch.js'
import {
  beginNested,
  DELIMITED,
  DELIMITED_HEADER_BYTES,
  endNested,
  INTEGER_FIELD_BYTES,
  type Int64,
  NESTED_HEADER_BYTES,
  ProtobufReader,
  tagOf,
  VARINT,
  writeAscii,
  writeDelimited,
  writeInt64,
  writeUint,
} from './protobuf.js'

/** The kinds of operations. */
export const Kind = {
  CREATE: 0,
  READ: 1,
  UPDATE: 2,
  DELETE: 3,
  FLUSH: 4,
  STATS: 5,
  BACKUP: 6,
} as const

/** The field of `Requests` that holds the operations. */
export const OPERATIONS = 3

const NUMBER = 1
const KIND = 2
const TOKEN = 3
const DATA = 4
const TTL = 5
const SILENCE_READ = 6
const KEEP = 7
const DURABLE = 8
const SHELVE = 16

const TOKEN_LENGTH = 22

/** The most bytes that an operation takes, not counting its data: a flag takes two bytes, the last one three. */
export const OPERATION_BYTES =
  NESTED_HEADER_BYTES +
  4 * INTEGER_FIELD_BYTES +
  3 * 2 +
  3 +
  (2 + TOKEN_LENGTH) +
  DELIMITED_HEADER_BYTES

/** Sent instead of any text that cannot be a token, however long: it is not a token either. */
const INVALID_TOKEN = '?'

/** An operation; its limits are as the engine takes them. */
export interface OperationArguments {
  readonly kind: number
  readonly token: string | undefined
  /** The length of the data in the scratch buffer; undefined: the operation has no data. */
  readonly length: number | undefined
  readonly ttl: number
  readonly reads: number
  readonly keep: boolean
  readonly durable: boolean
  /** Whether the master puts the record that is read on its shelf. */
  readonly shelve: boolean
}

/** An operation without data. */
export function plainOperation(kind: number, token?: string, durable = false): OperationArguments {
  const limits = { ttl: NO_LIMIT, reads: NO_LIMIT }
  return { kind, token, length: undefined, ...limits, keep: false, durable, shelve: false }
}

/** A read, after which the record is on the shelf if the master has one. */
export function shelvingRead(token: string): OperationArguments {
  return { ...plainOperation(Kind.READ, token), shelve: true }
}

/** Encodes an operation, and returns the offset after it. */
export function writeOperation(
  bytes: Buffer,
  start: number,
  number: number,
  { kind, token, length, ttl, reads, keep, durable, shelve }: OperationArguments,
): number {
  const first = beginNested(bytes, start, OPERATIONS)
  let at = writeUint(bytes, first, NUMBER, number)
  if (kind !== Kind.CREATE) at = writeUint(bytes, at, KIND, kind)
  if (token !== undefined) at = writeTokenText(bytes, at, token)
  if (length !== undefined) {
    at = writeDelimited(bytes, at, DATA, length)
    at += shared.copy(bytes, at, DATA_OFFSET, DATA_OFFSET + length)
  }
  at = writeLimit(bytes, at, TTL, ttl, TTL_EXACT)
  at = writeLimit(bytes, at, SILENCE_READ, reads, READS_EXACT)
  if (keep) at = writeUint(bytes, at, KEEP, 1)
  if (durable) at = writeUint(bytes, at, DURABLE, 1)
  if (shelve) at = writeFlag(bytes, at, SHELVE)
  return endNested(bytes, first, at)
}

/** Writes a flag whose tag takes two bytes. */
function writeFlag(bytes: Buffer, at: number, field: number): number {
  const tag = tagOf(field, VARINT)
  bytes[at] = (tag & 0x7f) | 0x80
  bytes[at + 1] = tag >> 7
  bytes[at + 2] = 1
  return at + 3
}

function writeTokenText(bytes: Buffer, at: number, token: string): number {
  if (token.length !== TOKEN_LENGTH) return writeAscii(bytes, at, TOKEN, INVALID_TOKEN)
  for (let i = 0; i < TOKEN_LENGTH; i++) {
    if (token.charCodeAt(i) > 0x7f) return writeAscii(bytes, at, TOKEN, INVALID_TOKEN)
  }
  return writeAscii(bytes, at, TOKEN, token)
}

function writeLimit(
  bytes: Buffer,
  at: number,
  field: number,
  limit: number,
  index: number,
): number {
  if (limit === NO_LIMIT) return at
  if (limit === EXACT_LIMIT) return writeInt64(bytes, at, field, exact[index] as bigint)
  return writeUint(bytes, at, field, limit)
}

/** Decodes operations one by one; its fields hold the last one. */
export class OperationReader {
  number = 0
  kind = 0
  token = ''
  /** The buffer that holds the data, from `from` to `to`. */
  bytes: Buffer = Buffer.alloc(0)
  from = 0
  to = 0
  /** Limits; -1: none. */
  ttl: Int64 = NO_LIMIT
  reads: Int64 = NO_LIMIT
  keep = false
  durable = false

  /** @throws MALFORMED */
  read(reader: ProtobufReader): void {
    this.clear()
    this.bytes = reader.bytes
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === tagOf(NUMBER, VARINT)) this.number = reader.uint()
      else if (tag === tagOf(KIND, VARINT)) this.kind = reader.uint()
      else if (tag === tagOf(TOKEN, DELIMITED)) this.token = reader.ascii()
      else if (tag === tagOf(DATA, DELIMITED)) {
        reader.delimited()
        this.from = reader.from
        this.to = reader.to
      } else if (tag === tagOf(TTL, VARINT)) this.ttl = limitOf(reader.int64())
      else if (tag === tagOf(SILENCE_READ, VARINT)) this.reads = limitOf(reader.int64())
      else if (tag === tagOf(KEEP, VARINT)) this.keep = reader.bool()
      else if (tag === tagOf(DURABLE, VARINT)) this.durable = reader.bool()
      else reader.skip(tag)
    }
  }

  private clear(): void {
    this.number = 0
    this.kind = Kind.CREATE
    this.token = ''
    this.from = 0
    this.to = 0
    this.ttl = NO_LIMIT
    this.reads = NO_LIMIT
    this.keep = false
    this.durable = false
  }
}

/** A limit of 2^63 or more reads as negative, which must not mean "none": it is refused like 0. */
function limitOf(value: Int64): Int64 {
  return value < 0 ? 0 : value
}

/** Where an encoded operation is. */
export interface EncodedOperation {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Decodes an operation that was encoded. */
export function readEncoded({ bytes, start, end }: EncodedOperation): OperationReader {
  const operation = new OperationReader()
  operation.read(new ProtobufReader(bytes, start + NESTED_HEADER_BYTES, end))
  return operation
}
