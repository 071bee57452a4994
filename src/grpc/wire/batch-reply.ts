/** Replies of `proto/batch.proto`, which a client decodes with their data into the scratch buffer. */
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
import { DELIMITED, FIXED64, MALFORMED, ProtobufReader, tagOf, VARINT } from './protobuf.js'

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
