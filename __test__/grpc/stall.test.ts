/** Masters that stop answering, or send what this client cannot decode. */
import { createServer as createHttp2Server } from 'node:http2'
import { type Server as GrpcServer, Server, ServerCredentials } from '@grpc/grpc-js'
import test from 'ava'
import { CRUDJTError, Store } from 'crudjt'
import { kill } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { portOf } from '../helpers/listening.js'
import { patient, pauseMaster, runMaster, stopMaster } from '../helpers/masters.js'
import { packageOf } from '../helpers/raw-client.js'
import { refuses } from '../helpers/refusals.js'

const data = { a: 1 }

/** Retries until answered: on a busy machine a short deadline can pass without cause. */
async function retry<T>(call: () => Promise<T>): Promise<T> {
  for (let i = 0; i < 100; i++) {
    const ended = await call().catch(() => undefined)
    if (ended !== undefined) return ended
  }
  return call()
}

test('calls to a stalled master fail at their deadline, and succeed once it continues', async (t) => {
  await inFolder(async (folder) => {
    // Reads that the shelf answers need no master.
    const master = await runMaster(folder, { shelf_size: 0 })
    const store = await Store.connect({ ...master.at, timeout_ms: 200 })
    const token = await retry(() => store.create(data))
    for (let round = 0; round < 2; round++) {
      await pauseMaster(master)
      const deadline = { is: CRUDJTError, code: 'ERR_CRUDJT_DEADLINE', says: '200 ms' } as const
      for (let i = 0; i < 5; i++) {
        await Promise.all([
          refuses(t, () => store.read(token), deadline),
          refuses(t, () => store.create(data), deadline),
        ])
      }
      master.process.kill('SIGCONT')
      const observer = await Store.connect(patient(master.at))
      t.deepEqual(await observer.read(token), { data })
      await observer.close()
      t.deepEqual(await retry(() => store.read(token)), { data })
    }
    await store.close()
    await stopMaster(master)
  })
})

test('many calls to a stalled master fail, and what they send is bounded', async (t) => {
  await inFolder(async (folder) => {
    const master = await runMaster(folder)
    const store = await Store.connect({ ...master.at, timeout_ms: 300 })
    await retry(() => store.create(data))
    await pauseMaster(master)
    const calls = Array.from({ length: 20_000 }, () => store.create(data))
    const ends = await Promise.allSettled(calls)
    t.true(ends.every(({ status }) => status === 'rejected'))
    master.process.kill('SIGCONT')
    const observer = await Store.connect(patient(master.at))
    const { live_tokens } = await observer.stats()
    // On the stream that stalled, and on one that may have replaced it.
    t.true(live_tokens <= 2 * 8192, `${live_tokens} were executed`)
    await observer.close()
    await store.close()
    await kill(master.process)
  })
})

type Hear = (name: string, heard: () => void) => void

/** A master with a Welcome of its own. */
async function runGreeter(
  welcome: object,
): Promise<{ server: GrpcServer; port: number; greeted: () => number }> {
  const server = new Server()
  let greeted = 0
  const definition = packageOf('batch.proto')['crudjt.batch.Batch']
  server.addService(definition as never, {
    Exchange: (stream: { write(message: object): void; on: Hear; once: Hear }) => {
      greeted++
      stream.once('data', () => stream.write({ welcome }))
      stream.on('data', () => {})
    },
  })
  const port = await new Promise<number>((resolve) => {
    const insecure = ServerCredentials.createInsecure()
    server.bindAsync('127.0.0.1:0', insecure, (_, port) => resolve(port))
  })
  return { server, port, greeted: () => greeted }
}

test('a master that speaks only a newer version is named', async (t) => {
  const { server, port } = await runGreeter({ version: 2, master: Buffer.alloc(16) })
  const store = await Store.connect({ grpc_port: port, timeout_ms: 3_600_000 })
  const refusal = {
    is: CRUDJTError,
    code: 'ERR_CRUDJT_VERSION',
    says: `127.0.0.1:${port}`,
  } as const
  for (const call of [() => store.create(data), () => store.read('x')]) {
    await refuses(t, call, refusal)
  }
  await store.close()
  server.forceShutdown()
})

test('calls to a master that sends only its Welcome fail at their deadline, and reconnect', async (t) => {
  const { server, port, greeted } = await runGreeter({ version: 1, master: Buffer.alloc(16) })
  const store = await Store.connect({ grpc_port: port, timeout_ms: 1000 })
  const deadline = { is: CRUDJTError, code: 'ERR_CRUDJT_DEADLINE', says: '1000 ms' } as const
  // On a busy machine a deadline can also pass before the master was reached.
  const isReached = () => store.read('x').catch(({ code }) => code === deadline.code)
  while (!(await isReached()));
  for (let i = 0; i < 3; i++) await refuses(t, () => store.read('x'), deadline)
  t.true(greeted() >= 3, `${greeted()} streams`)
  await store.close()
  server.forceShutdown()
})

/** Frames that no master sends. */
const GARBAGE = {
  'no field': [0, 0, 0, 0, 1, 0],
  'a truncated field': [0, 0, 0, 0, 2, 0x12, 9],
  'a compressed message': [1, 0, 0, 0, 1, 0],
  'a message of four gigabytes': [0, 255, 255, 255, 255, 0],
}

for (const [name, bytes] of Object.entries(GARBAGE)) {
  test(`a connection that delivers ${name} is replaced`, async (t) => {
    let connections = 0
    const server = createHttp2Server()
    const grpc = { ':status': 200, 'content-type': 'application/grpc' }
    server.on('session', () => connections++)
    server.on('stream', (stream) => {
      stream.on('error', () => {})
      const isFirst = connections === 1
      stream.respond(isFirst ? grpc : { ...grpc, 'grpc-status': 16 }, { endStream: !isFirst })
      if (isFirst) stream.write(Buffer.from(bytes))
    })
    const store = await Store.connect({ grpc_port: await portOf(server), timeout_ms: 3_600_000 })
    await refuses(t, () => store.read('x'), {
      is: CRUDJTError,
      code: 'ERR_CRUDJT_UNAUTHENTICATED',
    })
    t.is(connections, 2)
    await store.close()
    server.close()
  })
}

/** Replies of the unary methods that no master sends. */
const UNARY_GARBAGE = {
  ...GARBAGE,
  nothing: [],
  'half a frame': [0, 0, 0],
  'a map that is cut off': [0, 0, 0, 0, 4, 0x0a, 2, 0x82, 0xa4],
  'data that is no map': [0, 0, 0, 0, 9, 0x0a, 7, 0x81, 0xa4, 0x64, 0x61, 0x74, 0x61, 1],
}

for (const [name, bytes] of Object.entries(UNARY_GARBAGE)) {
  test(`an older master that replies ${name} is told from one without the token`, async (t) => {
    const server = createHttp2Server()
    const grpc = { ':status': 200, 'content-type': 'application/grpc' }
    server.on('stream', (stream, { ':path': path }) => {
      stream.on('error', () => {})
      if (path === '/crudjt.batch.Batch/Exchange') {
        stream.respond({ ...grpc, 'grpc-status': 12 }, { endStream: true })
        return
      }
      stream.respond(grpc, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': 0 }))
      stream.end(Buffer.from(bytes))
    })
    const store = await Store.connect({ grpc_port: await portOf(server), timeout_ms: 3_600_000 })
    const damaged = { is: CRUDJTError, code: 'ERR_CRUDJT_DAMAGED', says: 'reply' } as const
    await refuses(t, () => store.read('x'), damaged)
    await store.close()
    server.close()
  })
}
