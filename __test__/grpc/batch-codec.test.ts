/** The hand-written codec of the batch stream against protobufjs with the proto file. */
import test from 'ava'
import {
  bytes,
  DATA_OFFSET,
  exact,
  header,
  READS_EXACT,
  READS_LEFT,
  TTL_EXACT,
  TTL_LEFT,
} from '../../build/src/engine/scratch.js'
import { acknowledging, type Batch, BatchWriter } from '../../build/src/grpc/client/batch-writer.js'
import * as messages from '../../build/src/grpc/wire/batch-messages.js'
import { Kind, OperationReader, readEncoded } from '../../build/src/grpc/wire/batch-operation.js'
import { ReplyReader } from '../../build/src/grpc/wire/batch-reply.js'
import { MALFORMED, ProtobufReader } from '../../build/src/grpc/wire/protobuf.js'
import fc from '../helpers/fast-check.js'
import { packageOf } from '../helpers/raw-client.js'

interface Method {
  requestSerialize(message: object): Buffer
  requestDeserialize(bytes: Buffer): Record<string, never>
  responseSerialize(message: object): Buffer
  responseDeserialize(bytes: Buffer): Record<string, never>
}
const { Exchange } = packageOf('batch.proto')['crudjt.batch.Batch'] as unknown as {
  Exchange: Method
}

const number = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: 2 ** 31 }),
  fc.maxSafeInteger().map((n) => Math.abs(n) + 1),
)
const token = fc.stringMatching(/^[\w-]{22}$/)
const data = fc.uint8Array({ maxLength: 400 }).map((given) => Buffer.from(given))
const limit = fc.oneof(fc.constant(undefined), fc.bigInt(1n, 2n ** 63n - 1n), fc.bigInt(1n, 300n))

function put(given: Buffer): number {
  bytes.set(given, DATA_OFFSET)
  return given.length
}

/** A limit as the engine takes it. */
function engineLimit(given: bigint | undefined, index: number): number {
  if (given === undefined) return -1
  if (given <= Number.MAX_SAFE_INTEGER) return Number(given)
  exact[index] = given
  return -2
}

const operation = fc.record({
  kind: fc.constantFrom(...Object.values(Kind)),
  token: fc.option(token, { nil: undefined }),
  data: fc.option(data, { nil: undefined }),
  ttl: limit,
  reads: limit,
  keep: fc.boolean(),
  durable: fc.boolean(),
  shelve: fc.boolean(),
})

type Given = typeof operation extends fc.Arbitrary<infer T> ? T : never

function write(writer: BatchWriter, n: number, given: Given) {
  return writer.write(n, {
    kind: given.kind,
    token: given.token,
    length: given.data === undefined ? undefined : put(given.data),
    ttl: engineLimit(given.ttl, TTL_EXACT),
    reads: engineLimit(given.reads, READS_EXACT),
    keep: given.keep,
    durable: given.durable,
    shelve: given.shelve,
  })
}

/** The only frame. */
function onlyFrame(writer: BatchWriter): Batch {
  const batch = writer.next()
  if (batch === undefined || writer.next() !== undefined) throw new Error('not one frame')
  return batch
}

const names = Object.keys(Kind)

/** What protobufjs should decode from an operation. */
const fieldsOf = (n: number, given: Given) => ({
  number: String(n),
  kind: given.kind,
  token: given.token ?? '',
  packed_data: given.data ?? Buffer.alloc(0),
  ttl: String(given.ttl ?? 0),
  silence_read: String(given.reads ?? 0),
  keep: given.keep,
  durable: given.durable,
  shelve: given.shelve,
})

test('protobufjs decodes the operations that we encode', (t) => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 9 }), number, (given, first) => {
      const writer = new BatchWriter()
      const numbers = given.map((_, i) => Math.min(first, 2 ** 53 - 10) + i)
      given.forEach((one, i) => {
        write(writer, numbers[i] as number, one)
      })
      const { bytes: message, count, last } = onlyFrame(writer)
      t.deepEqual([count, last], [given.length, numbers.at(-1) as number])
      const read = Exchange.requestDeserialize(acknowledging(message, first).subarray(5))
      t.is(read.acknowledged as unknown as string, String(first))
      t.deepEqual(
        read.operations as unknown,
        given.map((one, i) => fieldsOf(numbers[i] as number, one)),
      )
    }),
  )
})

test('operations that protobufjs encodes are decoded', (t) => {
  fc.assert(
    fc.property(operation, number, (given, n) => {
      const packed_data = given.data ?? Buffer.alloc(0)
      const [ttl, silence_read] = [given.ttl?.toString(), given.reads?.toString()]
      const { token, keep, durable } = given
      const kind = names[given.kind]
      const one = { number: String(n), kind, token, packed_data, ttl, silence_read, keep, durable }
      const message = Exchange.requestSerialize({ operations: [one] })
      const [bytesOf, from, to] = fieldRange(message, 3)
      const reader = new OperationReader()
      reader.read(new ProtobufReader(bytesOf, from, to))
      const { ttl: readTtl, reads, from: start, to: end } = reader
      t.is(reader.number, n)
      t.is(reader.kind, given.kind)
      t.is(reader.token, token ?? '')
      t.deepEqual(Buffer.from(bytesOf.subarray(start, end)), packed_data)
      t.deepEqual([BigInt(readTtl), BigInt(reads)], [given.ttl ?? -1n, given.reads ?? -1n])
      t.deepEqual([reader.keep, reader.durable], [keep, durable])
    }),
  )
})

function fieldRange(message: Buffer, field: number): [Buffer, number, number] {
  const reader = new ProtobufReader(message)
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === field * 8 + 2) {
      reader.delimited()
      return [message, reader.from, reader.to]
    }
    reader.skip(tag)
  }
  throw new Error('no such field')
}

test('an encoded operation is decoded again', (t) => {
  fc.assert(
    fc.property(operation, number, (given, n) => {
      const written = write(new BatchWriter(), n, given)
      const read = readEncoded(written)
      t.deepEqual([read.number, read.kind, read.token], [n, given.kind, given.token ?? ''])
      t.deepEqual([read.keep, read.durable], [given.keep, given.durable])
      const again = Buffer.from(read.bytes.subarray(read.from, read.to))
      t.deepEqual(again, given.data ?? Buffer.alloc(0))
      t.deepEqual([BigInt(read.ttl), BigInt(read.reads)], [given.ttl ?? -1n, given.reads ?? -1n])
    }),
  )
})

test('text that cannot be a token is replaced by an invalid one', (t) => {
  for (const text of ['', 'x', 'a'.repeat(23), 'ä'.repeat(22), '\u{1f511}'.repeat(11)]) {
    const given = {
      kind: Kind.READ,
      token: text,
      data: undefined,
      keep: false,
      durable: false,
      shelve: false,
    }
    const writer = new BatchWriter()
    write(writer, 1, { ...given, ttl: undefined, reads: undefined })
    const { operations } = Exchange.requestDeserialize(onlyFrame(writer).bytes.subarray(5 + 9))
    t.is((operations as unknown as { token: string }[])[0]?.token, '?')
  }
})

test('frames are limited in size, and encoded operations stay intact', (t) => {
  const writer = new BatchWriter()
  const given = Buffer.alloc(1000, 7)
  const flags = { keep: false, durable: false, shelve: false }
  const args = { kind: Kind.CREATE, token: undefined, ...flags } as const
  const written = Array.from({ length: 2000 }, (_, i) =>
    write(writer, i + 1, { ...args, data: given, ttl: undefined, reads: undefined }),
  )
  const all: Batch[] = []
  for (let batch = writer.next(); batch !== undefined; batch = writer.next()) all.push(batch)
  t.true(all.every((batch) => batch.bytes.length <= 64 << 10))
  t.is(
    all.reduce((sum, { count }) => sum + count, 0),
    2000,
  )
  const huge = Buffer.alloc(500_000, 8)
  write(writer, 2001, { ...args, data: huge, ttl: undefined, reads: undefined })
  t.is(onlyFrame(writer).count, 1)
  for (const [i, one] of written.entries()) {
    const reader = new OperationReader()
    reader.read(new ProtobufReader(one.bytes, one.start + 4, one.end))
    t.is(reader.number, i + 1)
    t.true(one.bytes.subarray(reader.from, reader.to).equals(given))
  }
})

test('replies that protobufjs encodes are decoded', (t) => {
  const left = fc.oneof(fc.constant(undefined), fc.bigInt(0n, 2n ** 63n - 1n), fc.bigInt(0n, 300n))
  const text = fc.string({ maxLength: 300 })
  fc.assert(
    fc.property(number, token, data, left, left, text, (n, made, packed, ttl, reads, why) => {
      const limits = { ttl: ttl?.toString(), silence_read: reads?.toString() }
      const given = [
        { token: made },
        { result: true },
        { result: false },
        { packed_data: packed, ...limits },
        {},
        { error: { code: 'ERR_CRUDJT_DATA', text: why } },
        {
          counters: [
            { name: 'live_tokens', value: 5 },
            { name: 'hit_rate', value: 0.5 },
          ],
        },
        { folder: why },
      ]
      const replies = given.map((reply) => ({ number: String(n), ...reply }))
      const message = Exchange.responseSerialize({ replies, taken: String(n) })
      checkRead(t, message, n, { made, packed, ttl, reads, why: Buffer.from(why).toString() })
    }),
  )
})

interface Expected {
  made: string
  packed: Buffer
  ttl: bigint | undefined
  reads: bigint | undefined
  why: string
}

function checkRead(
  t: { is(a: unknown, b: unknown): void; deepEqual(a: unknown, b: unknown): void },
  message: Buffer,
  n: number,
  { made, packed, ttl, reads, why }: Expected,
): void {
  const reader = new ProtobufReader(message)
  const reply = new ReplyReader()
  const next = () => {
    for (let tag = reader.tag(); tag !== 18; tag = reader.tag()) reader.skip(tag)
    reply.read(new ProtobufReader(reader.slice()))
    t.is(reply.number, n)
    return reply
  }
  t.is(next().token, made)
  t.is(next().result, true)
  t.is(next().result, false)
  t.is(next().length, packed.length)
  t.deepEqual(Buffer.from(bytes.subarray(DATA_OFFSET, DATA_OFFSET + packed.length)), packed)
  t.is(header[TTL_LEFT], Number(ttl ?? -1n))
  t.is(header[READS_LEFT], Number(reads ?? -1n))
  if (ttl !== undefined && ttl > Number.MAX_SAFE_INTEGER) t.is(exact[TTL_EXACT], ttl)
  t.is(next().length, -1)
  const { code, text } = next()
  t.deepEqual([code, text], ['ERR_CRUDJT_DATA', why])
  t.deepEqual(next().counters, [
    ['live_tokens', 5],
    ['hit_rate', 0.5],
  ])
  t.is(next().folder, why)
}

test('Hello, Welcome and Goodbye are encoded and decoded', (t) => {
  const id = Buffer.from(Array.from({ length: 16 }, (_, i) => i * 16 + 1))
  const hello = messages.writeHello({ version: 1, client: id })
  const none = Buffer.alloc(0)
  t.like(Exchange.requestDeserialize(hello).hello, { version: 1, client: id, nonce: none })
  const given = { version: 1, master: id, resumed: true, max_data_size: 65_536 }
  const welcome = nested(Exchange.responseSerialize({ welcome: given }))
  const read = { version: 1, master: id, resumed: true, maxDataSize: 65_536, proof: none }
  t.deepEqual(messages.readWelcome(welcome), read)
  const goodbye = nested(Exchange.responseSerialize({ goodbye: { taken: String(2 ** 40) } }))
  t.is(messages.readGoodbye(goodbye), 2 ** 40)
})

test('nonces and proofs are encoded and decoded', (t) => {
  const [id, nonce, proof] = [16, 32, 32].map((length) => Buffer.alloc(length, length + 1))
  const hello = messages.writeHello({ version: 1, client: id as Buffer, nonce })
  t.like(Exchange.requestDeserialize(hello).hello, { version: 1, client: id, nonce })
  const proved = Exchange.requestDeserialize(messages.writeProof(proof as Buffer))
  t.like(proved, { hello: null, proof } as never)
  const challenge = nested(Exchange.responseSerialize({ challenge: { nonce } }))
  t.deepEqual(messages.readChallenge(challenge), nonce)
  const welcome = nested(Exchange.responseSerialize({ welcome: { version: 1, proof } }))
  t.deepEqual(messages.readWelcome(welcome).proof, proof)
})

/** The value of a message's first field. */
function nested(message: Buffer): Buffer {
  const reader = new ProtobufReader(message)
  reader.tag()
  return reader.slice()
}

test('arbitrary bytes are decoded or rejected as malformed', (t) => {
  const readers = [
    (given: Buffer) => new OperationReader().read(new ProtobufReader(given)),
    (given: Buffer) => new ReplyReader().read(new ProtobufReader(given)),
    messages.readWelcome,
    messages.readChallenge,
    messages.readGoodbye,
  ]
  let [understood, refused] = [0, 0]
  fc.assert(
    fc.property(data, (given) => {
      for (const read of readers) {
        try {
          read(given)
          understood++
        } catch (error) {
          t.is(error, MALFORMED)
          refused++
        }
      }
    }),
  )
  t.true(understood > 20 && refused > 20, `${understood} understood, ${refused} refused`)
})
