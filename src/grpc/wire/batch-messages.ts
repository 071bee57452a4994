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
/** The size of the random bytes of each side. */
export const NONCE_BYTES = 32

/** Fields of `Requests`; `acknowledged` takes eight bytes. */
export const HELLO = 1
export const ACKNOWLEDGED = 2
export const CLIENT_GOODBYE = 4
export const PROOF = 5
const SHELF = 6
/** Fields of `Replies`; `taken` takes eight bytes. */
export const WELCOME = 1
export const GOODBYE = 3
export const TAKEN = 4
export const CHALLENGE = 5

/** Asks for the shelf of a master, on its local socket. */
export const SHELF_MESSAGE = Buffer.from([tagOf(SHELF, VARINT), 1])

/** The last message of a client. */
export const CLIENT_GOODBYE_MESSAGE = Buffer.from([tagOf(CLIENT_GOODBYE, VARINT), 1])

/** The first message of a client. */
export interface Hello {
  version: number
  client: Buffer
  /** Random bytes, if the client has an access key. */
  nonce?: Buffer | undefined
}

/** The first message of a master, or the second one after a challenge. */
export interface Welcome {
  version: number
  master: Buffer
  resumed: boolean
  maxDataSize: number
  /** The master's proof of the access key; empty if there is none. */
  proof: Buffer
}

const NOTHING = Buffer.alloc(0)

/** Encodes a client's first message. */
export function writeHello({ version, client, nonce = NOTHING }: Hello): Buffer {
  const nonceSize = nonce.length > 0 ? 2 + nonce.length : 0
  const message = Buffer.alloc(4 + 2 + 2 + client.length + nonceSize)
  const start = beginNested(message, 0, HELLO)
  let at = writeUint(message, start, 1, version)
  at = writeBytes(message, at, 2, client)
  if (nonce.length > 0) at = writeBytes(message, at, 3, nonce)
  endNested(message, start, at)
  return message
}

/** Encodes a client's proof of the access key. */
export function writeProof(proof: Buffer): Buffer {
  const message = Buffer.alloc(2 + proof.length)
  writeBytes(message, 0, PROOF, proof)
  return message
}

/** Decodes a challenge: the master's random bytes. @throws MALFORMED */
export function readChallenge(bytes: Buffer): Buffer {
  return readField1(bytes, DELIMITED, NOTHING, (reader) => Buffer.from(reader.slice()))
}

/** @throws MALFORMED */
export function readWelcome(bytes: Buffer): Welcome {
  const none = { master: NOTHING, resumed: false, proof: NOTHING }
  const welcome: Welcome = { version: 0, maxDataSize: 0, ...none }
  const reader = new ProtobufReader(bytes)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tagOf(1, VARINT)) welcome.version = reader.uint()
    else if (tag === tagOf(2, DELIMITED)) welcome.master = Buffer.from(reader.slice())
    else if (tag === tagOf(3, VARINT)) welcome.resumed = reader.bool()
    else if (tag === tagOf(4, VARINT)) welcome.maxDataSize = reader.uint()
    else if (tag === tagOf(5, DELIMITED)) welcome.proof = Buffer.from(reader.slice())
    else reader.skip(tag)
  }
  return welcome
}

/** @throws MALFORMED */
export function readGoodbye(bytes: Buffer): number {
  return readField1(bytes, VARINT, 0, (reader) => reader.uint())
}

/** Writes a field of fewer than 128 bytes. */
function writeBytes(message: Buffer, start: number, field: number, value: Buffer): number {
  const at = writeDelimited(message, start, field, value.length)
  return at + value.copy(message, at)
}
