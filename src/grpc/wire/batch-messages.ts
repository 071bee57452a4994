/** The messages of `proto/batch.proto` that carry no operations and no replies, as clients need them. */
import {
  beginNested,
  DELIMITED,
  endNested,
  ProtobufReader,
  readField1,
  tagOf,
  VARINT,
  writeDelimited,
  writeUint,
} from './protobuf.js'

/** The gRPC method of the batch stream. */
export const BATCH_METHOD = '/crudjt.batch.Batch/Exchange'

/** The protocol version of this package, the oldest one so far. */
export const VERSION = 1

/** The size of the ids of clients and masters. */
export const ID_BYTES = 16

/** Fields of `Requests`; `acknowledged` takes eight bytes. */
export const HELLO = 1
export const ACKNOWLEDGED = 2
export const CLIENT_GOODBYE = 4
/** Fields of `Replies`; `taken` takes eight bytes. */
export const WELCOME = 1
export const GOODBYE = 3
export const TAKEN = 4

/** The last message of a client. */
export const CLIENT_GOODBYE_MESSAGE = Buffer.from([tagOf(CLIENT_GOODBYE, VARINT), 1])

/** The first message of a client. */
export interface Hello {
  version: number
  client: Buffer
}

/** The first message of a master. */
export interface Welcome {
  version: number
  master: Buffer
  resumed: boolean
  maxDataSize: number
}

/** Encodes a client's first message. */
export function writeHello({ version, client }: Hello): Buffer {
  const message = Buffer.alloc(4 + 2 + 2 + client.length)
  const start = beginNested(message, 0, HELLO)
  const at = writeUint(message, start, 1, version)
  endNested(message, start, writeId(message, at, client))
  return message
}

/** @throws MALFORMED */
export function readWelcome(bytes: Buffer): Welcome {
  const welcome: Welcome = { version: 0, master: Buffer.alloc(0), resumed: false, maxDataSize: 0 }
  const reader = new ProtobufReader(bytes)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(1, VARINT)) welcome.version = reader.uint()
    else if (tag === tagOf(2, DELIMITED)) welcome.master = Buffer.from(reader.slice())
    else if (tag === tagOf(3, VARINT)) welcome.resumed = reader.bool()
    else if (tag === tagOf(4, VARINT)) welcome.maxDataSize = reader.uint()
    else reader.skip(tag)
  }
  return welcome
}

/** @throws MALFORMED */
export function readGoodbye(bytes: Buffer): number {
  return readField1(bytes, VARINT, 0, (reader) => reader.uint())
}

function writeId(message: Buffer, start: number, id: Buffer): number {
  const at = writeDelimited(message, start, 2, id.length)
  return at + id.copy(message, at)
}
