/**
 * Replies of `proto/batch.proto`: how a master writes them, data out of the scratch buffer, and how a
 * client reads them, data into the scratch buffer.
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
import { MARK_BYTES, TAKEN_TAG, writeMark } from './batch-messages.js'
import {
  closePart,
  NUMBER_FIELD_BYTES,
  openPart,
  writeAscii,
  writeBigNumber,
  writeNumber,
} from './fields.js'
import { DELIMITED, MALFORMED, ProtobufReader, tagOf } from './protobuf.js'
import { writeDelimited } from './token-messages.js'

/** The field of `Replies` that a reply stands in. */
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

/** What a reply takes at most beside its data, its texts and its counters. */
const REPLY_BYTES = 4 + 3 * NUMBER_FIELD_BYTES + 24 + 5
/** What a counter takes at most beside its name. */
const COUNTER_BYTES = 4 + 2 + 9
const FIRST_BYTES = 4096

/** Writes replies one after the other into one message. */
export class ReplyWriter {
  /** How many replies it holds. */
  count = 0
  /** The highest number among them. */
  last = 0
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  private at = MARK_BYTES
  private first = 0

  /** The reply to CREATE. */
  token(number: number, token: string): void {
    const at = this.open(number, 0)
    this.close(writeAscii(this.bytes, at, TOKEN, token))
  }

  /** The reply to UPDATE and DELETE. */
  result(number: number, result: boolean): void {
    const at = this.open(number, 0)
    this.close(result ? writeNumber(this.bytes, at, RESULT, 1) : at)
  }

  /** The reply to READ with what the engine put into the scratch buffer. */
  data(number: number, length: number): void {
    let at = this.open(number, length)
    const { bytes } = this
    at = writeDelimited(bytes, at, DATA, length)
    at += shared.copy(bytes, at, DATA_OFFSET, DATA_OFFSET + length)
    at = writeLeft(bytes, at, TTL, header[TTL_LEFT] as number, TTL_EXACT)
    this.close(writeLeft(bytes, at, SILENCE_READ, header[READS_LEFT] as number, READS_EXACT))
  }

  /** The reply to READ without a token, and to FLUSH. */
  nothing(number: number): void {
    this.close(this.open(number, 0))
  }

  /** The reply to what was refused. */
  error(number: number, code: string, text: string): void {
    const size = Buffer.byteLength(text)
    const opened = this.open(number, code.length + size + 16)
    const start = openPart(this.bytes, opened, ERROR)
    let at = writeAscii(this.bytes, start, CODE, code)
    at = writeDelimited(this.bytes, at, TEXT, size)
    at += this.bytes.write(text, at, 'utf8')
    this.close(closePart(this.bytes, start, at))
  }

  /** The reply to BACKUP without a ticket. */
  folder(number: number, folder: string): void {
    const size = Buffer.byteLength(folder)
    const opened = this.open(number, size + 4)
    const at = writeDelimited(this.bytes, opened, FOLDER, size)
    this.close(at + this.bytes.write(folder, at, 'utf8'))
  }

  /** The reply to STATS, and to BACKUP with a ticket. */
  counters(number: number, counters: readonly (readonly [name: string, value: number])[]): void {
    const room = counters.reduce((sum, [name]) => sum + name.length + COUNTER_BYTES, 0)
    let at = this.open(number, room)
    for (const [name, value] of counters) {
      const start = openPart(this.bytes, at, COUNTERS)
      at = writeAscii(this.bytes, start, NAME, name)
      this.bytes[at] = tagOf(VALUE, 1)
      at = closePart(this.bytes, start, this.bytes.writeDoubleLE(value, at + 1))
    }
    this.close(at)
  }

  /** A reply that was written before, as it was. */
  again(number: number, reply: Buffer): void {
    this.open(number, reply.length)
    this.close(this.first + reply.copy(this.bytes, this.first))
  }

  /**
   * The message, in memory of its own; the writer is empty afterwards.
   * @param taken the highest number that was begun
   */
  take(taken: number): Buffer {
    writeMark(this.bytes, 0, TAKEN_TAG, taken)
    const message = Buffer.from(this.bytes.subarray(0, this.at))
    if (this.bytes.length > 16 * FIRST_BYTES) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.at = MARK_BYTES
    this.count = 0
    this.last = 0
    return message
  }

  /** Begins a reply with room for so many bytes beside the usual. May replace the memory written to. */
  private open(number: number, room: number): number {
    const needed = this.at + REPLY_BYTES + room
    if (needed > this.bytes.length) this.grow(needed)
    this.count++
    if (number > this.last) this.last = number
    this.first = openPart(this.bytes, this.at, REPLIES)
    return writeNumber(this.bytes, this.first, NUMBER, number)
  }

  private close(at: number): void {
    this.at = closePart(this.bytes, this.first, at)
  }

  private grow(needed: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length))
    this.bytes.copy(bytes, 0, 0, this.at)
    this.bytes = bytes
  }
}

/** A limit that is left: unlike other numbers, 0 is told. */
function writeLeft(bytes: Buffer, at: number, field: number, left: number, index: number): number {
  if (left < 0) return at
  if (left <= Number.MAX_SAFE_INTEGER) return writeNumber(bytes, at, field, left)
  return writeBigNumber(bytes, at, field, exact[index] as bigint)
}

/** Reads replies one after the other; its fields are those of the one that was read last. */
export class ReplyReader {
  number = 0
  token = ''
  result = false
  /** How many bytes of data were put into the scratch buffer; -1: none. */
  length = -1
  code = ''
  text = ''
  folder = ''
  counters: [name: string, value: number][] = []

  /** @throws MALFORMED */
  read(reader: ProtobufReader): void {
    this.clear()
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case tagOf(NUMBER, 0):
          this.number = reader.uint()
          break
        case tagOf(TOKEN, DELIMITED):
          this.token = reader.ascii()
          break
        case tagOf(RESULT, 0):
          this.result = reader.bool()
          break
        case tagOf(DATA, DELIMITED):
          this.takeData(reader)
          break
        case tagOf(TTL, 0):
          takeLeft(reader, TTL_LEFT, TTL_EXACT)
          break
        case tagOf(SILENCE_READ, 0):
          takeLeft(reader, READS_LEFT, READS_EXACT)
          break
        default:
          this.readRare(reader, tag)
      }
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

  private takeData(reader: ProtobufReader): void {
    reader.part()
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
      else if (tag === tagOf(VALUE, 1)) value = reader.double()
      else reader.skip(tag)
    }
    this.counters.push([name, value])
  }
}

function takeLeft(reader: ProtobufReader, index: number, exactIndex: number): void {
  const left = reader.int64()
  header[index] = Number(left)
  if (typeof left === 'bigint') exact[exactIndex] = left
}
