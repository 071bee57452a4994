/** The batch stream of a master, tested with hand-made messages. */
import { randomBytes } from 'node:crypto'
import { Client, credentials } from '@grpc/grpc-js'
import test from 'ava'
import { CRUDJT } from 'crudjt'
import { pack } from 'msgpackr'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import type { At } from '../helpers/masters.js'
import { rawClient } from '../helpers/raw-client.js'
import { RawStream } from '../helpers/raw-stream.js'

const { Config } = CRUDJT
const INVALID_ARGUMENT = 3
const RESOURCE_EXHAUSTED = 8
const UNAVAILABLE = 14
const [CREATE, READ, UPDATE, DELETE, FLUSH, STATS] = [0, 1, 2, 3, 4, 5]

const folder = newFolder()
let at: At

test.before(async () => {
  await Config.startMaster({ secret_key: KEY, store_jt_path: folder, grpc_port: 0 })
  at = Config.address() as At
})
test.after.always(async () => {
  if (Config.wasStarted()) await Config.shutdownServer()
  removeFolder(folder)
})

const open = () => new RawStream(at).listen()
const packed_data = pack({ a: 1 })

/** A stream that has received its Welcome. */
async function welcomed(client?: Buffer): Promise<RawStream> {
  const stream = open().greet(client)
  await stream.next()
  return stream
}

test('Welcome carries version, instance and size limit, and a returning client is resumed', async (t) => {
  const client = randomBytes(16)
  const first = open().greet(client, 7)
  const { welcome } = await first.next()
  t.is(welcome?.master.length, 16)
  t.like(welcome, { version: 1, resumed: false, max_data_size: 256 })
  first.close()
  const second = open().greet(client)
  const again = (await second.next()).welcome
  t.like(again, { resumed: true, master: welcome?.master })
  second.close()
})

test('each message is answered by one, with the replies and the highest started number', async (t) => {
  const stream = await welcomed()
  const operations = [
    { number: 1, kind: CREATE, packed_data },
    { number: 2, kind: READ, token: 'A'.repeat(22) },
    { number: 5, kind: DELETE, token: 'A'.repeat(22) },
  ]
  const { replies, taken } = await stream.send({ operations }).next()
  t.is(taken, '5')
  t.deepEqual(
    replies.map(({ number }) => number),
    ['1', '2', '5'],
  )
  const [created] = replies
  t.deepEqual(await CRUDJT.read(created?.token as string), { data: { a: 1 } })
  t.is(replies[1]?.packed_data, undefined)
  t.false(replies[2]?.result)
  stream.close()
})

test('slow operations are answered later and do not delay fast ones', async (t) => {
  const stream = await welcomed()
  const operations = [
    { number: 1, kind: FLUSH },
    { number: 2, kind: CREATE, packed_data, durable: true },
    { number: 3, kind: STATS },
    { number: 4, kind: CREATE, packed_data },
  ]
  stream.send({ operations })
  const seen: string[] = []
  while (seen.length < 4) {
    const { replies, taken } = await stream.next()
    t.is(taken, '4')
    seen.push(...replies.map(({ number }) => number))
  }
  t.is(seen[0], '4')
  t.deepEqual(seen.sort(), ['1', '2', '3', '4'])
  stream.close()
})

test('a retransmitted operation gets its first reply and does not run again', async (t) => {
  const client = randomBytes(16)
  const token = await CRUDJT.create({ a: 1 }, null, 3)
  const operations = [{ number: 1, kind: READ, token }]
  const first = await welcomed(client)
  const { replies } = await first.send({ operations }).next()
  t.deepEqual((await first.send({ operations }).next()).replies, replies)
  const second = await welcomed(client)
  t.deepEqual((await second.send({ operations }).next()).replies, replies)
  t.is((await CRUDJT.read(token))?.metadata?.silence_read, 1)
  await second.send({ acknowledged: 1 })
  const evicted = (await second.send({ operations }).next()).replies
  t.is(evicted[0]?.error?.code, 'ERR_CRUDJT_OUTCOME_UNKNOWN')
  t.is((await CRUDJT.read(token))?.metadata?.silence_read, 0)
  first.close()
  second.close()
})

test('a newer stream of a client ends the older one', async (t) => {
  const client = randomBytes(16)
  const first = await welcomed(client)
  const second = await welcomed(client)
  t.is((await first.ended).code, UNAVAILABLE)
  const operations = [{ number: 1, kind: CREATE, packed_data }]
  t.is((await second.send({ operations }).next()).replies.length, 1)
  second.close()
})

test('errors are replies with a code, and the stream continues', async (t) => {
  const stream = await welcomed()
  const bad: [code: string, operation: object][] = [
    ['ERR_CRUDJT_DATA', { kind: CREATE, packed_data: Buffer.from('c0', 'hex') }],
    ['ERR_CRUDJT_DATA', { kind: CREATE }],
    ['ERR_CRUDJT_DATA_TOO_LARGE', { kind: CREATE, packed_data: pack({ a: 'x'.repeat(300) }) }],
    ['ERR_CRUDJT_LIMIT', { kind: CREATE, packed_data, ttl: '18446744073709551615' }],
    ['ERR_CRUDJT_TOKEN', { kind: READ }],
    ['ERR_CRUDJT_UNSUPPORTED', { kind: 99 }],
  ]
  let number = 0
  for (const [code, operation] of bad) {
    number++
    const { replies } = await stream.send({ operations: [{ number, ...operation }] }).next()
    t.is(replies[0]?.error?.code, code)
  }
  const good = { number: 100, kind: CREATE, packed_data }
  t.is((await stream.send({ operations: [good] }).next()).replies[0]?.token.length, 22)
  stream.close()
})

test('errors have the codes and texts that the unary methods give them', async (t) => {
  const stream = await welcomed()
  const unary = rawClient(at)
  const none = { ttl: -1, silence_read: -1 }
  const deep = Buffer.concat([Buffer.from('81a161', 'hex'), Buffer.alloc(130, 0x91), Buffer.of(1)])
  const create: [operation: object, request: object][] = [
    [{}, none],
    [{ packed_data: deep }, none],
    [{ packed_data: pack('text') }, none],
    [{ packed_data: pack({ a: 'x'.repeat(300) }) }, none],
    [{ packed_data: Buffer.alloc(5000) }, none],
    [
      { packed_data, ttl: 0 },
      { ...none, ttl: 0 },
    ],
    [
      { packed_data, silence_read: '9223372036854775808' },
      { ...none, silence_read: -2 },
    ],
  ]
  let number = 0
  const same = async (method: string, kind: number, operation: object, request: object) => {
    const { replies } = await stream
      .send({ operations: [{ number: ++number, kind, ...operation }] })
      .next()
    const { code, text } = await unary.call(method, { ...operation, ...request })
    t.deepEqual(replies[0]?.error, { code, text } as never)
  }
  for (const [operation, request] of create) {
    await same('CreateToken', CREATE, operation, request)
    const token = { token: 'x' }
    await same('UpdateToken', UPDATE, { ...operation, ...token }, { ...request, ...token })
  }
  await same('ReadToken', READ, {}, {})
  await same('UpdateToken', UPDATE, { packed_data }, none)
  await same('DeleteToken', DELETE, {}, {})
  unary.close()
  stream.close()
})

test('an error after replies of any size in the same message arrives', async (t) => {
  const stream = await welcomed()
  let number = 0
  const answersTo = async (operations: object[]) => {
    stream.send({ operations: operations.map((one) => ({ number: ++number, ...one })) })
    return (await stream.next()).replies
  }
  for (let size = 200; size <= 250; size++) {
    const record = pack({ a: 'x'.repeat(size) })
    const [created] = await answersTo([{ kind: CREATE, packed_data: record }])
    const read = { kind: READ, token: created?.token }
    const replies = await answersTo([...Array(15).fill(read), { kind: 99 }])
    t.is(replies.length, 16)
    t.true(replies.slice(0, 15).every((reply) => reply.packed_data?.equals(record)))
    t.is(replies[15]?.error?.code, 'ERR_CRUDJT_UNSUPPORTED', `${size}`)
  }
  stream.close()
})

const operation = { number: 1, kind: CREATE, packed_data }
const invalid: Record<string, (stream: RawStream) => void> = {
  'operations before Hello': (stream) => stream.send({ operations: [operation] }),
  'an acknowledgement before Hello': (stream) => stream.send({ acknowledged: 5 }),
  'two Hellos': (stream) => stream.greet().greet(),
  'a short client id': (stream) => stream.greet(randomBytes(15)),
  'a long client id': (stream) => stream.greet(randomBytes(17)),
  'version 0': (stream) => stream.greet(randomBytes(16), 0),
  'an operation without a number': (stream) =>
    stream.greet().send({ operations: [{ kind: CREATE, packed_data }] }),
  'bytes that are not a message': (stream) => stream.greet().sendBytes(Buffer.alloc(100, 0xff)),
  'a truncated field': (stream) => stream.greet().sendBytes(Buffer.from('1a7f0801', 'hex')),
}

for (const [what, send] of Object.entries(invalid)) {
  test(`${what}: the stream ends with INVALID_ARGUMENT`, async (t) => {
    const stream = open()
    send(stream)
    const { code, details } = await stream.ended
    t.deepEqual(
      [code, details],
      [INVALID_ARGUMENT, 'The request is not a valid message of this method'],
    )
    stream.close()
  })
}

test('a message of more than a megabyte ends the stream', async (t) => {
  const stream = await welcomed()
  stream.sendBytes(Buffer.alloc(2 << 20))
  t.is((await stream.ended).code, RESOURCE_EXHAUSTED)
  stream.close()
})

test('a connection has at most four streams', async (t) => {
  const client = new Client(`${at.grpc_host}:${at.grpc_port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  })
  const streams = Array.from({ length: 4 }, () => new RawStream(at, client).listen().greet())
  for (const stream of streams) await stream.next()
  const fifth = new RawStream(at, client).listen().greet()
  const { code, details } = await fifth.ended
  t.is(code, UNAVAILABLE)
  t.regex(details, /4 batch streams/)
  streams[0]?.stream.cancel()
  const another = await welcomed()
  another.close()
  client.close()
})

test.serial(
  'a master that shuts down completes pending operations and sends Goodbye',
  async (t) => {
    const stream = await welcomed()
    const operations = [
      { number: 7, kind: CREATE, packed_data, durable: true },
      { number: 8, kind: CREATE, packed_data },
    ]
    const first = await stream.send({ operations }).next()
    t.is(first.replies[0]?.number, '8')
    const stopping = Config.shutdownServer()
    t.is((await stream.next()).replies[0]?.number, '7')
    t.deepEqual((await stream.next()).goodbye, { taken: '8' })
    stream.stream.end()
    t.is((await stream.ended).code, 0)
    await stopping
    await Config.startMaster({ secret_key: KEY, store_jt_path: folder, ...at })
  },
)
