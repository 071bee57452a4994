/**
 * Replies of `proto/batch.proto`: a master encodes them with data from the scratch buffer, and a
 * client decodes them with data into the scratch buffer.
 */
import {
  DATA_END,
  DATA_OFFSET,
  exact,
  header,
  READS_EXACT,
  READS_LEFT,
  bytes as shared,
  TTL_EXACT,
  TTL_LEFT,
} from '../../engine/scratch.js'
import { TAKEN } from './batch-messages.js'
import {
  beginNested,
  DELIMITED,
  DELIMITED_HEADER_BYTES,
  endNested,
  FIXED64,
  FIXED64_FIELD_BYTES,
  INTEGER_FIELD_BYTES,
  MALFORMED,
  NESTED_HEADER_BYTES,
  ProtobufReader,
  tagOf,
  VARINT,
  writeAscii,
  writeDelimited,
  writeDouble,
  writeFixed64,
  writeInt64,
  writeText,
  writeUint,
} from './protobuf.js'

/** The field of `Replies` that holds the replies. */
export const REPLIES = 2

const NUMBER = 1
const TOKEN = 2
const RESULT = 3
const DATA = 4
const TTL = 5
const SILENCE_READ = 6
const ERROR = 7
const COUNTERS = 8
const FOLDER = 9
const CODE = 1
const TEXT = 2
const NAME = 1
const VALUE = 2

/** The most bytes that a reply takes, not counting its data, its texts and its counters. */
const REPLY_BYTES = NESTED_HEADER_BYTES + 3 * INTEGER_FIELD_BYTES + 24 + DELIMITED_HEADER_BYTES
/** The most bytes that a counter takes, not counting its name. */
const COUNTER_BYTES = NESTED_HEADER_BYTES + 2 + FIXED64_FIELD_BYTES
const INITIAL_BYTES = 4096

/** Encodes replies one by one into one message, which begins with the field `taken`. */
export class ReplyWriter {
  /** How many replies the message holds. */
  count = 0
  /** The highest operation number among them. */
  last = 0
  private bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  private at = FIXED64_FIELD_BYTES
  private first = 0

  /** The reply to CREATE. */
  token(number: number, token: string): void {
    const at = this.begin(number, 0)
    this.end(writeAscii(this.bytes, at, TOKEN, token))
  }

  /** The reply to UPDATE and DELETE. */
  result(number: number, result: boolean): void {
    const at = this.begin(number, 0)
    this.end(result ? writeUint(this.bytes, at, RESULT, 1) : at)
  }

  /** The reply to READ with the record in the scratch buffer. */
  data(number: number, length: number): void {
    let at = this.begin(number, length)
    const { bytes } = this
    at = writeDelimited(bytes, at, DATA, length)
    at += shared.copy(bytes, at, DATA_OFFSET, DATA_OFFSET + length)
    at = writeLimit(bytes, at, TTL, header[TTL_LEFT] as number, TTL_EXACT)
    this.end(writeLimit(bytes, at, SILENCE_READ, header[READS_LEFT] as number, READS_EXACT))
  }

  /** The reply to READ of a token that does not exist, and to FLUSH. */
  empty(number: number): void {
    this.end(this.begin(number, 0))
  }

  /** The reply to an operation that failed. */
  error(number: number, code: string, text: string): void {
    let at = this.begin(number, code.length + Buffer.byteLength(text) + 16)
    const start = beginNested(this.bytes, at, ERROR)
    at = writeAscii(this.bytes, start, CODE, code)
    this.end(endNested(this.bytes, start, writeText(this.bytes, at, TEXT, text)))
  }

  /** The reply to BACKUP without a ticket. */
  folder(number: number, folder: string): void {
    const at = this.begin(number, DELIMITED_HEADER_BYTES + Buffer.byteLength(folder))
    this.end(writeText(this.bytes, at, FOLDER, folder))
  }

  /** The reply to STATS, and to BACKUP with a ticket. */
  counters(number: number, counters: readonly (readonly [name: string, value: number])[]): void {
    const size = counters.reduce((sum, [name]) => sum + name.length + COUNTER_BYTES, 0)
    let at = this.begin(number, size)
    for (const [name, value] of counters) {
      const start = beginNested(this.bytes, at, COUNTERS)
      at = writeAscii(this.bytes, start, NAME, name)
      at = endNested(this.bytes, start, writeDouble(this.bytes, at, VALUE, value))
    }
    this.end(at)
  }

  /** A reply that was encoded before. */
  copy(number: number, reply: Buffer): void {
    this.begin(number, reply.length)
    this.end(this.first + reply.copy(this.bytes, this.first))
  }

  /**
   * Returns the message, in memory of its own, and empties the writer.
   * @param taken the highest operation number that was started
   */
  finish(taken: number): Buffer {
    writeFixed64(this.bytes, 0, TAKEN, taken)
    const message = Buffer.from(this.bytes.subarray(0, this.at))
    if (this.bytes.length > 16 * INITIAL_BYTES) this.bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
    this.at = FIXED64_FIELD_BYTES
    this.count = 0
    this.last = 0
    return message
  }

  /** Begins a reply with space for `size` more bytes than REPLY_BYTES. May replace `bytes`. */
  private begin(number: number, size: number): number {
    const needed = this.at + REPLY_BYTES + size
    if (needed > this.bytes.length) {
      this.bytes = Buffer.concat([this.bytes], Math.max(needed, 2 * this.bytes.length))
    }
    this.count++
    if (number > this.last) this.last = number
    this.first = beginNested(this.bytes, this.at, REPLIES)
    return writeUint(this.bytes, this.first, NUMBER, number)
  }

  private end(at: number): void {
    this.at = endNested(this.bytes, this.first, at)
  }
}

/** Writes what is left of a limit, including 0; nothing if there is no limit. */
function writeLimit(bytes: Buffer, at: number, field: number, left: number, index: number): number {
  if (left < 0) return at
  if (left <= Number.MAX_SAFE_INTEGER) return writeUint(bytes, at, field, left)
  return writeInt64(bytes, at, field, exact[index] as bigint)
}

/** Decodes replies one by one; its fields hold the last one. */
export class ReplyReader {
  number = 0
  token = ''
  result = false
  /** The length of the data in the scratch buffer; -1: none. */
  length = -1
  code = ''
  text = ''
  folder = ''
  counters: [name: string, value: number][] = []

  /** @throws MALFORMED */
  read(reader: ProtobufReader): void {
    this.clear()
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === tagOf(NUMBER, VARINT)) this.number = reader.uint()
      else if (tag === tagOf(TOKEN, DELIMITED)) this.token = reader.ascii()
      else if (tag === tagOf(RESULT, VARINT)) this.result = reader.bool()
      else if (tag === tagOf(DATA, DELIMITED)) this.copyData(reader)
      else if (tag === tagOf(TTL, VARINT)) readLimit(reader, TTL_LEFT, TTL_EXACT)
      else if (tag === tagOf(SILENCE_READ, VARINT)) readLimit(reader, READS_LEFT, READS_EXACT)
      else this.readRare(reader, tag)
    }
  }

  private clear(): void {
    this.number = 0
    this.token = ''
    this.result = false
    this.length = -1
    this.code = ''
    this.folder = ''
    if (this.counters.length > 0) this.counters = []
    header[TTL_LEFT] = -1
    header[READS_LEFT] = -1
  }

  private copyData(reader: ProtobufReader): void {
    reader.delimited()
    const { bytes, from, to } = reader
    if (to - from > DATA_END - DATA_OFFSET) throw MALFORMED
    this.length = bytes.copy(shared, DATA_OFFSET, from, to)
  }

  private readRare(reader: ProtobufReader, tag: number): void {
    if (tag === tagOf(ERROR, DELIMITED)) this.readError(new ProtobufReader(reader.slice()))
    else if (tag === tagOf(COUNTERS, DELIMITED))
      this.readCounter(new ProtobufReader(reader.slice()))
    else if (tag === tagOf(FOLDER, DELIMITED)) this.folder = reader.slice().toString('utf8')
    else reader.skip(tag)
  }

  private readError(reader: ProtobufReader): void {
    this.text = ''
    this.code = 'ERR_CRUDJT_INTERNAL'
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === tagOf(CODE, DELIMITED)) this.code = reader.ascii()
      else if (tag === tagOf(TEXT, DELIMITED)) this.text = reader.slice().toString('utf8')
      else reader.skip(tag)
    }
  }

  private readCounter(reader: ProtobufReader): void {
    let name = ''
    let value = 0
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === tagOf(NAME, DELIMITED)) name = reader.ascii()
      else if (tag === tagOf(VALUE, FIXED64)) value = reader.double()
      else reader.skip(tag)
    }
    this.counters.push([name, value])
  }
}

function readLimit(reader: ProtobufReader, index: number, exactIndex: number): void {
  const left = reader.int64()
  header[index] = Number(left)
  if (typeof left === 'bigint') exact[exactIndex] = left
}
