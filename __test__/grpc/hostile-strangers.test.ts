/** Clients that do not have the access key: what they can make a master hold is bounded, too. */
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { type SessionStore, Store } from 'crudjt'
import { ask, kill } from '../helpers/children.js'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { patient, type RunningMaster, runMaster } from '../helpers/masters.js'
import { RawStream } from '../helpers/raw-stream.js'

const access_key = 'k'.repeat(32)
const UNAVAILABLE = 14
/** Connections that hold half requests, each on all its streams. */
const CONNECTIONS = 4
/** The most memory by which a master may grow: 64 kB a stream are HTTP/2's window. */
const MAX_GROWTH = 96 << 20

const folder = newFolder()
let master: RunningMaster
let good: SessionStore

test.before(async () => {
  master = await runMaster(folder, { access_key })
  good = await Store.connect({ ...patient(master.at), access_key })
  await good.create({ warm: 'up' })
})
test.after.always(async () => {
  await good.close()
  await kill(master.process)
  removeFolder(folder)
})

async function isServed(t: ExecutionContext): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const token = await good.create({ i })
    t.deepEqual(await good.read(token), { data: { i } })
  }
}

const BATCH = '/crudjt.batch.Batch/Exchange'
const paths = [
  '/token.TokenService/CreateToken',
  BATCH,
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
]
/** UNAUTHENTICATED; of batch streams, those beyond what a connection may have are UNAVAILABLE. */
const REFUSED: Record<string, string[]> = { [BATCH]: ['14', '16'] }

test.serial('half requests without the key are refused, and few of them are kept', async (t) => {
  const before = await ask<number>(master.process, 'memory')
  const half = Buffer.alloc(1_000_000)
  half.writeUInt32BE(1 << 20, 1)
  const statuses: Promise<[path: string, status: string]>[] = []
  const sessions = Array.from({ length: CONNECTIONS }, () => {
    const session = connectHttp2(`http://${master.at.grpc_host}:${master.at.grpc_port}`)
    session.on('error', () => {})
    for (let i = 0; i < 128; i++) {
      const path = paths[i % paths.length] as string
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      stream.on('error', () => {})
      const status = once(stream, 'response').then(([headers]) => headers['grpc-status'])
      // HTTP/2 itself resets streams of a connection that sends too much.
      statuses.push(status.catch(() => '16').then((status) => [path, status]))
      stream.write(half)
    }
    return session
  })
  // Batch streams are, once their time for a proof is over.
  for (const [path, status] of await Promise.all(statuses)) {
    t.true((REFUSED[path] ?? ['16']).includes(status), `${path}: ${status}`)
  }
  await isServed(t)
  const growth = (await ask<number>(master.process, 'memory')) - before
  t.true(growth < MAX_GROWTH, `${Math.round(growth / 1e6)} MB more`)
  for (const session of sessions) session.destroy()
})

test.serial('streams whose clients prove nothing give way to others', async (t) => {
  const strangers: RawStream[] = []
  let ended = 0
  for (let i = 0; i < 140; i++) {
    const stranger = new RawStream(master.at)
    strangers.push(stranger)
    stranger.stream.write(Buffer.alloc(0))
    void stranger.ended.then(({ code }) => {
      if (code === UNAVAILABLE) ended++
    })
  }
  while (ended < 12) {
    await using client = await Store.connect({ ...patient(master.at), access_key })
    const token = await client.create({ i: 1 })
    t.deepEqual(await client.read(token), { data: { i: 1 } })
  }
  await isServed(t)
  for (const stranger of strangers) stranger.close()
})

test.serial('connections beyond the limit are closed at once, and do no harm', async (t) => {
  const { grpc_host: host, grpc_port: port } = master.at
  const before = await ask<number>(master.process, 'memory')
  const sockets: Socket[] = []
  let closed = 0
  for (let i = 0; i < 1500; i++) {
    const socket = connect({ host, port })
    socket.on('error', () => {}).on('close', () => closed++)
    sockets.push(socket)
    if (i % 100 === 99) await once(socket, 'connect').catch(() => {})
  }
  while (closed < 400) await isServed(t)
  const growth = (await ask<number>(master.process, 'memory')) - before
  t.true(growth < MAX_GROWTH, `${Math.round(growth / 1e6)} MB more`)
  for (const socket of sockets) socket.destroy()
})
