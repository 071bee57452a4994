/**
 * Operations of `proto/batch.proto`: how a client writes them, its data out of the scratch buffer,
 * and how a master reads them, without an object for each.
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
  closePart,
  NUMBER_FIELD_BYTES,
  openPart,
  PART_HEAD,
  writeAscii,
  writeBigNumber,
  writeNumber,
} from './fields.js'
import { DELIMITED, ProtobufReader, tagOf } from './protobuf.js'
import { writeDelimited } from './token-messages.js'

/** What an operation does. */
export const Kind = {
  CREATE: 0,
  READ: 1,
  UPDATE: 2,
  DELETE: 3,
  FLUSH: 4,
  STATS: 5,
  BACKUP: 6,
} as const

/** The field of `Requests` that an operation stands in. */
export const OPERATIONS = 3

const NUMBER = 1
const KIND = 2
const TOKEN = 3
const DATA = 4
const TTL = 5
const SILENCE_READ = 6
const KEEP = 7
const DURABLE = 8

/** What an operation takes at most beside its data. */
export const OPERATION_BYTES = 4 + 4 * NUMBER_FIELD_BYTES + 3 * 2 + 24 + 5

const TOKEN_LENGTH = 22
/** Sent for any text that can't be a token, however long it is: this one is none either. */
const NO_TOKEN = '?'

/** What an operation is to do; limits are as the engine takes them. */
export interface OperationArguments {
  readonly kind: number
  readonly token: string | undefined
  /** How many bytes of data lie in the scratch buffer; undefined: it takes none. */
  readonly length: number | undefined
  readonly ttl: number
  readonly reads: number
  readonly keep: boolean
  readonly durable: boolean
}

/** An operation without data. */
export function plainOperation(kind: number, token?: string, durable = false): OperationArguments {
  return { kind, token, length: undefined, ttl: NO_LIMIT, reads: NO_LIMIT, keep: false, durable }
}

/** Writes an operation and gives the place behind it. */
export function writeOperation(
  bytes: Buffer,
  start: number,
  number: number,
  { kind, token, length, ttl, reads, keep, durable }: OperationArguments,
): number {
  const first = openPart(bytes, start, OPERATIONS)
  let at = writeNumber(bytes, first, NUMBER, number)
  if (kind !== Kind.CREATE) at = writeNumber(bytes, at, KIND, kind)
  if (token !== undefined) at = writeTokenText(bytes, at, token)
  if (length !== undefined) {
    at = writeDelimited(bytes, at, DATA, length)
    at += shared.copy(bytes, at, DATA_OFFSET, DATA_OFFSET + length)
  }
  at = writeLimit(bytes, at, TTL, ttl, TTL_EXACT)
  at = writeLimit(bytes, at, SILENCE_READ, reads, READS_EXACT)
  if (keep) at = writeNumber(bytes, at, KEEP, 1)
  if (durable) at = writeNumber(bytes, at, DURABLE, 1)
  return closePart(bytes, first, at)
}

function writeTokenText(bytes: Buffer, at: number, token: string): number {
  if (token.length !== TOKEN_LENGTH) return writeAscii(bytes, at, TOKEN, NO_TOKEN)
  for (let i = 0; i < TOKEN_LENGTH; i++) {
    if (token.charCodeAt(i) > 0x7f) return writeAscii(bytes, at, TOKEN, NO_TOKEN)
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
  if (limit === EXACT_LIMIT) return writeBigNumber(bytes, at, field, exact[index] as bigint)
  return writeNumber(bytes, at, field, limit)
}

/** Reads operations one after the other; its fields are those of the one that was read last. */
export class OperationReader {
  number = 0
  kind = 0
  token = ''
  /** Where the data lies. */
  bytes: Buffer = Buffer.alloc(0)
  from = 0
  to = 0
  /** -1: none. */
  ttl: number | bigint = NO_LIMIT
  reads: number | bigint = NO_LIMIT
  keep = false
  durable = false

  /** @throws MALFORMED */
  read(reader: ProtobufReader): void {
    this.clear()
    this.bytes = reader.bytes
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case tagOf(NUMBER, 0):
          this.number = reader.uint()
          break
        case tagOf(KIND, 0):
          this.kind = reader.uint()
          break
        case tagOf(TOKEN, DELIMITED):
          this.token = reader.ascii()
          break
        case tagOf(DATA, DELIMITED):
          reader.part()
          this.from = reader.from
          this.to = reader.to
          break
        case tagOf(TTL, 0):
          this.ttl = limitOf(reader.int64())
          break
        case tagOf(SILENCE_READ, 0):
          this.reads = limitOf(reader.int64())
          break
        case tagOf(KEEP, 0):
          this.keep = reader.bool()
          break
        case tagOf(DURABLE, 0):
          this.durable = reader.bool()
          break
        default:
          reader.skip(tag)
      }
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

/** What is given is never none: a number that is too large is refused like 0. */
function limitOf(given: number | bigint): number | bigint {
  return given < 0 ? 0 : given
}

/** The arguments of an operation that was written before, its data put back into the scratch buffer. */
export function revisit(written: {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}): OperationArguments {
  const { kind, token, ttl, reads, keep, durable, ...data } = readWritten(written)
  const takesData = kind === Kind.CREATE || kind === Kind.UPDATE
  if (takesData) data.bytes.copy(shared, DATA_OFFSET, data.from, data.to)
  return {
    kind,
    token,
    length: takesData ? data.to - data.from : undefined,
    ttl: engineLimit(ttl, TTL_EXACT),
    reads: engineLimit(reads, READS_EXACT),
    keep,
    durable,
  }
}

function readWritten({ bytes, start, end }: { bytes: Buffer; start: number; end: number }) {
  const operation = new OperationReader()
  operation.read(new ProtobufReader(bytes, start + PART_HEAD, end))
  return operation
}

function engineLimit(limit: number | bigint, index: number): number {
  if (typeof limit === 'number') return limit
  exact[index] = limit
  return EXACT_LIMIT
}
