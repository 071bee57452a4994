/** The messages of `proto/batch.proto` around operations and replies. */
import { closePart, openPart, writeNumber } from './fields.js'
import { DELIMITED, ProtobufReader, tagOf, writeVarint } from './protobuf.js'

/** The method that the messages belong to. */
export const BATCH_METHOD = '/crudjt.batch.Batch/Exchange'

/** The newest version of the protocol that is spoken here, and the oldest. */
export const VERSION = 1

/** How many bytes the ids of clients and masters have. */
export const ID_BYTES = 16

/** Fields of `Requests` and `Replies`. */
export const HELLO = 1
export const WELCOME = 1
export const GOODBYE = 3
/** The tag of the number up to which replies have been taken; eight bytes follow. */
export const ACKNOWLEDGED_TAG = tagOf(2, 1)
/** The tag of the highest number that was begun; eight bytes follow. */
export const TAKEN_TAG = tagOf(4, 1)
/** What such a number takes with its tag. */
export const MARK_BYTES = 9

const TWO_32 = 2 ** 32

/** Writes a number of eight bytes with its tag. */
export function writeMark(bytes: Buffer, at: number, tag: number, number: number): void {
  bytes[at] = tag
  bytes.writeUInt32LE(number % TWO_32, at + 1)
  bytes.writeUInt32LE(Math.floor(number / TWO_32), at + 5)
}

/** The tag of the field by which a client says that it ends. */
export const CLIENT_GOODBYE_TAG = tagOf(4, 0)
/** The last message of a client. */
export const CLIENT_GOODBYE = Buffer.from([CLIENT_GOODBYE_TAG, 1])

/** How a client begins. */
export interface Hello {
  version: number
  client: Buffer
}

/** How a master answers. */
export interface Welcome {
  version: number
  master: Buffer
  resumed: boolean
  maxDataSize: number
}

/** The first message of a client. */
export function writeHello({ version, client }: Hello): Buffer {
  const message = Buffer.alloc(4 + 2 + 2 + client.length)
  const start = openPart(message, 0, HELLO)
  const at = writeNumber(message, start, 1, version)
  closePart(message, start, writeId(message, at, client))
  return message
}

/** @throws MALFORMED */
export function readHello(part: Buffer): Hello {
  const hello: Hello = { version: 0, client: Buffer.alloc(0) }
  const reader = new ProtobufReader(part)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(1, 0)) hello.version = reader.uint()
    else if (tag === tagOf(2, DELIMITED)) hello.client = Buffer.from(reader.slice())
    else reader.skip(tag)
  }
  return hello
}

/** The first message of a master. */
export function writeWelcome({ version, master, resumed, maxDataSize }: Welcome): Buffer {
  const message = Buffer.alloc(4 + 2 + 2 + master.length + 2 + 6)
  const start = openPart(message, 0, WELCOME)
  let at = writeNumber(message, start, 1, version)
  at = writeId(message, at, master)
  if (resumed) at = writeNumber(message, at, 3, 1)
  at = writeNumber(message, at, 4, maxDataSize)
  return message.subarray(0, closePart(message, start, at))
}

/** @throws MALFORMED */
export function readWelcome(part: Buffer): Welcome {
  const welcome: Welcome = { version: 0, master: Buffer.alloc(0), resumed: false, maxDataSize: 0 }
  const reader = new ProtobufReader(part)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(1, 0)) welcome.version = reader.uint()
    else if (tag === tagOf(2, DELIMITED)) welcome.master = Buffer.from(reader.slice())
    else if (tag === tagOf(3, 0)) welcome.resumed = reader.bool()
    else if (tag === tagOf(4, 0)) welcome.maxDataSize = reader.uint()
    else reader.skip(tag)
  }
  return welcome
}

/** The last message of a master that stops in order. */
export function writeGoodbye(taken: number): Buffer {
  const message = Buffer.alloc(4 + 11)
  const start = openPart(message, 0, GOODBYE)
  return message.subarray(0, closePart(message, start, writeNumber(message, start, 1, taken)))
}

/** @throws MALFORMED */
export function readGoodbye(part: Buffer): number {
  let taken = 0
  const reader = new ProtobufReader(part)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(1, 0)) taken = reader.uint()
    else reader.skip(tag)
  }
  return taken
}

function writeId(message: Buffer, start: number, id: Buffer): number {
  message[start] = tagOf(2, DELIMITED)
  const at = writeVarint(message, start + 1, id.length)
  return at + id.copy(message, at)
}
