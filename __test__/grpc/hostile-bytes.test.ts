/** Any bytes on a master's port, at every depth: as a gRPC message of each method, as HTTP/2 frames,
 * and on the bare socket. Each gets a status or is put up with, while the master lives, answers another
 * client and keeps its memory. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js'
import test, { type ExecutionContext } from 'ava'
import { type SessionStore, Store } from 'crudjt'
import { pack } from 'msgpackr'
import { ask, kill } from '../helpers/children.js'
import fc from '../helpers/fast-check.js'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { patient, type RunningMaster, runMaster } from '../helpers/masters.js'
import { packageOf } from '../helpers/raw-client.js'
import { RawStream } from '../helpers/raw-stream.js'

/** What a master may take more in memory by all of this. */
const MAX_GROWTH = 192 << 20
/** Statuses that say what was wrong; others would speak of the master's own failure. */
const EXPECTED = [
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.RESOURCE_EXHAUSTED,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.UNIMPLEMENTED,
]
const UNARY = ['CreateToken', 'ReadToken', 'UpdateToken', 'DeleteToken']
const identity = (bytes: Buffer) => bytes

const folder = newFolder()
let master: RunningMaster
let good: SessionStore
let bad: Client
let token: string
let before: number

test.before(async () => {
  master = await runMaster(folder)
  good = await Store.connect(patient(master.at))
  token = await good.create({ mine: 1 })
  bad = new Client(`${master.at.grpc_host}:${master.at.grpc_port}`, credentials.createInsecure())
  before = await ask<number>(master.process, 'memory')
})
test.after.always(async () => {
  bad.close()
  await good.close()
  await kill(master.process)
  removeFolder(folder)
})
test.afterEach(async (t) => {
  t.deepEqual(await good.read(token), { data: { mine: 1 } })
  t.true(await good.delete(await good.create({ other: 2 })))
  const growth = (await ask<number>(master.process, 'memory')) - before
  t.true(growth < MAX_GROWTH, `${Math.round(growth / 1e6)} MB more`)
})

const anyBytes = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes))
const packed = fc.oneof(
  anyBytes,
  fc.dictionary(fc.string(), fc.jsonValue()).map((data) => Buffer.from(pack(data))),
)
const limit = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String)

/** Bytes that are those of a message but for some. */
function nearly(message: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const changes = fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 4 })
  const changed = fc.tuple(message, changes, fc.nat(500)).map(([bytes, all, length]) => {
    const copy = Buffer.from(bytes)
    for (const [at, byte] of all) if (at < copy.length) copy[at] = byte
    return length < copy.length ? copy.subarray(0, length) : copy
  })
  return fc.oneof(anyBytes, message, changed)
}

interface Method {
  path: string
  requestSerialize(message: object): Buffer
}
const methods = packageOf('token.proto')['token.TokenService'] as unknown as Record<string, Method>

/** The status that a message comes back with. */
function call(path: string, message: Buffer): Promise<{ code: number; named: boolean }> {
  return new Promise((resolve) => {
    bad.makeUnaryRequest(path, identity, identity, message, (error: ServiceError | null) => {
      const named = error?.metadata?.get('crudjt-code')[0] !== undefined
      resolve({ code: error?.code ?? status.OK, named })
    })
  })
}

for (const name of UNARY) {
  test.serial(`any bytes as a message of ${name} get a status`, async (t) => {
    const { path, requestSerialize } = methods[name] as Method
    const text = fc.oneof(fc.string(), fc.string({ minLength: 22, maxLength: 22 }))
    const fields = fc.record({ token: text, packed_data: packed, ttl: limit, silence_read: limit })
    const seen = new Set<number>()
    await fc.assert(
      fc.asyncProperty(nearly(fields.map(requestSerialize)), async (message) => {
        const { code, named } = await call(path, message)
        seen.add(code)
        t.true(EXPECTED.includes(code), `status ${code}`)
        t.is(named, code !== status.OK)
      }),
      { numRuns: 250 },
    )
    t.true(seen.has(status.OK) && seen.size > 1, `only the statuses ${[...seen]}`)
  })
}

test.serial('any bytes as a message of any other method get a status', async (t) => {
  const paths = fc.oneof(
    fc.constantFrom('/grpc.health.v1.Health/Check', '/grpc.reflection.v1.ServerReflection/Nothing'),
    fc.stringMatching(/^\/[a-zA-Z.]{0,20}\/[a-zA-Z]{0,20}$/),
  )
  await fc.assert(
    fc.asyncProperty(paths, anyBytes, async (path, message) => {
      const { code } = await call(path, message)
      // The health service reads its messages with protobufjs, which fails with this status.
      t.true([...EXPECTED, status.INTERNAL].includes(code), `status ${code}`)
    }),
    { numRuns: 150 },
  )
})

test.serial('any bytes as messages of the batch stream get replies or a status', async (t) => {
  const packer = new RawStream(master.at)
  packer.close()
  const operation = fc.record(
    {
      number: fc.oneof(fc.nat(20).map(String), fc.bigInt(0n, 2n ** 64n - 1n).map(String)),
      kind: fc.nat(9),
      token: fc.oneof(fc.string(), fc.constant('x'.repeat(22))),
      packed_data: packed,
      ttl: fc.bigInt(0n, 2n ** 64n - 1n).map(String),
      silence_read: fc.bigInt(0n, 2n ** 64n - 1n).map(String),
      keep: fc.boolean(),
      durable: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  const requests = fc.record(
    {
      hello: fc.record({ version: fc.nat(3), client: fc.uint8Array({ maxLength: 20 }) }),
      acknowledged: fc.nat(30).map(String),
      operations: fc.array(operation, { maxLength: 6 }),
      goodbye: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  const messages = fc.array(nearly(requests.map((message) => packer.pack(message))), {
    maxLength: 5,
  })
  const seen = new Set<number>()
  await fc.assert(
    fc.asyncProperty(fc.boolean(), messages, async (greets, all) => {
      const stream = new RawStream(master.at, bad).listen()
      if (greets) stream.greet()
      for (const message of all) stream.sendBytes(message)
      stream.stream.end()
      const { code } = await stream.ended
      seen.add(code)
      t.true([...EXPECTED, status.ABORTED].includes(code), `status ${code}`)
    }),
    { numRuns: 250 },
  )
  t.true(seen.size > 1)
})

/**
 * Writes to the port and says that there is no more; then another client is served. The connection
 * is given up where the master still waits for the rest of a frame, which it does for 40 seconds.
 */
async function served(t: ExecutionContext, ...chunks: Buffer[]): Promise<void> {
  const { grpc_host: host, grpc_port: port } = master.at
  const socket = connect({ host, port })
  const over = once(socket, 'close').catch(() => {})
  socket.on('error', () => {}).resume()
  for (const chunk of chunks) socket.write(chunk)
  socket.end()
  await Promise.race([over, once(socket, 'finish').catch(() => {})])
  t.deepEqual(await good.read(token), { data: { mine: 1 } })
  socket.destroy()
  await over
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

function frame(type: number, flags: number, stream: number, payload: Uint8Array, length?: number) {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length ?? payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** The headers of a call, spelled out in HPACK, which another one's bytes may follow. */
function headers(path: string): Buffer {
  const literal = (name: string, value: string) =>
    Buffer.concat([
      Buffer.of(0, name.length),
      Buffer.from(name),
      Buffer.of(value.length),
      Buffer.from(value),
    ])
  return Buffer.concat([
    literal(':method', 'POST'),
    literal(':scheme', 'http'),
    literal(':path', path),
    literal('content-type', 'application/grpc'),
    literal('te', 'trailers'),
  ])
}

const stream = fc.oneof(fc.nat(9), fc.constantFrom(0x7fffffff, 0x80000001))
const anyFrame = fc.oneof(
  fc
    .tuple(fc.nat(12), fc.nat(255), stream, fc.uint8Array({ maxLength: 100 }))
    .map(([type, flags, id, payload]) => frame(type, flags, id, payload)),
  fc
    .tuple(fc.nat(255), fc.nat(255), stream, fc.nat(0xffffff))
    .map(([type, flags, id, length]) => frame(type, flags, id, Buffer.alloc(20), length)),
  fc
    .tuple(fc.nat(3), fc.constantFrom(1, 3, 5), fc.constantFrom(4, 5))
    .map(([at, id, flags]) => frame(1, flags, id, headers(`/token.TokenService/${UNARY[at]}`))),
  fc
    .tuple(fc.constantFrom(0, 1), fc.constantFrom(1, 3, 5), anyBytes)
    .map(([flags, id, bytes]) => frame(0, flags, id, Buffer.concat([Buffer.alloc(5), bytes]))),
)

test.serial('any HTTP/2 frames leave other clients unharmed', async (t) => {
  const settings = frame(4, 0, 0, Buffer.alloc(0))
  const frames = fc.array(anyFrame, { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(frames, async (all) => {
      await served(t, PREFACE, settings, ...all)
    }),
    { numRuns: 250 },
  )
})

test.serial('any bytes on the socket leave other clients unharmed', async (t) => {
  const bytes = fc.uint8Array({ maxLength: 3000, size: 'max' }).map((all) => Buffer.from(all))
  await fc.assert(
    fc.asyncProperty(fc.boolean(), bytes, async (isHttp2, all) => {
      await served(t, ...(isHttp2 ? [PREFACE, all] : [all]))
    }),
    { numRuns: 250 },
  )
})
