/** Connecting a client: waiting for a master, losing it, and reaching other servers. */
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer, type Server } from 'node:net'
import test from 'ava'
import { CRUDJT, CRUDJTError, Store } from 'crudjt'
import { kill, runProcess } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { portOf } from '../helpers/listening.js'
import {
  type At,
  patient,
  placeOf,
  runMaster,
  runOlderMaster,
  stopMaster,
} from '../helpers/masters.js'
import { notStarted, refuses } from '../helpers/refusals.js'

const { Config } = CRUDJT
const data = { a: 1 }
const unavailable = (says: string) =>
  ({ is: CRUDJTError, code: 'ERR_CRUDJT_UNAVAILABLE', says }) as const

/** Nothing listens there, and it is never assigned as a free port. */
const NOBODYS_PORT = 1
/** Long enough to identify the server at an address, even on a busy machine. */
const PATIENCE_MS = 5000

const everyCall = (store: Pick<Store, 'create' | 'read' | 'update' | 'delete'>) => [
  () => store.create(data),
  () => store.read('x'),
  () => store.update('x', data),
  () => store.delete('x'),
]

test('without a master a call fails at its deadline and names the address', async (t) => {
  const address = { grpc_port: NOBODYS_PORT, timeout_ms: PATIENCE_MS }
  await using store = await Store.connect(address)
  const says = `127.0.0.1:${NOBODYS_PORT} within ${PATIENCE_MS} ms: nothing listens`
  await Promise.all(everyCall(store).map((call) => refuses(t, call, unavailable(says))))
})

test('a call made before the master starts is answered by it', async (t) => {
  await inFolder(async (folder) => {
    const at = placeOf(folder)
    await using store = await Store.connect(patient(at))
    const creating = store.create(data)
    const master = await runMaster(folder, at)
    t.deepEqual(await store.read(await creating), { data })
    await stopMaster(master)
  })
})

test.serial('process-wide calls go to the master until disconnect', async (t) => {
  await inFolder(async (folder) => {
    const master = await runMaster(folder)
    const connecting = Config.connectToMaster(patient(master.at))
    t.true(Config.wasStarted())
    t.false(Config.master())
    t.deepEqual(Config.address(), master.at)
    const token = await CRUDJT.create(data)
    await connecting
    t.deepEqual(await CRUDJT.read(token), { data })
    await refuses(t, () => Config.startMaster({ secret_key: 'x' }), {
      is: CRUDJTError,
      code: 'ERR_CRUDJT_ALREADY_STARTED',
    })
    await refuses(t, () => Config.shutdownServer(), {
      ...notStarted,
      says: 'gRPC server is not started',
    })
    const last = CRUDJT.read(token)
    await Config.disconnect()
    t.deepEqual(await last, { data })
    for (const call of everyCall(CRUDJT)) await refuses(t, call, notStarted)
    await stopMaster(master)
  })
})

test.serial('connecting again redirects the calls to another master', async (t) => {
  await inFolder(async (first) => {
    await inFolder(async (second) => {
      const masters = [await runMaster(first), await runMaster(second)] as const
      await Config.connectToMaster(patient(masters[0].at))
      const token = await CRUDJT.create(data)
      const late = CRUDJT.read(token)
      void Config.connectToMaster(patient(masters[1].at))
      t.is(await CRUDJT.read(token), null)
      t.deepEqual(await late, { data })
      await Config.connectToMaster(patient(masters[0].at))
      t.deepEqual(await CRUDJT.read(token), { data })
      await Config.disconnect()
      for (const master of masters) await stopMaster(master)
    })
  })
})

test('a client survives the death of its master and finds the next one', async (t) => {
  await inFolder(async (folder) => {
    const first = await runMaster(folder, placeOf(folder))
    await using store = await Store.connect(patient(first.at))
    const token = await store.create(data)
    await kill(first.process)
    const second = await runMaster(folder, first.at)
    // Until the client sees the connection close, the outcome of what it sends is unknown.
    const lost = (error: { code?: string }) => t.is(error.code, 'ERR_CRUDJT_OUTCOME_UNKNOWN')
    let session: unknown
    for (let i = 0; i < 5 && session === undefined; i++) {
      session = await store.read(token).catch(lost)
    }
    t.deepEqual(session, { data })
    await stopMaster(second)
  })
})

test('a client does not keep its process alive', async (t) => {
  await inFolder(async (folder) => {
    const master = await runMaster(folder)
    const { status, text } = await runProcess('client.mjs', String(master.at.grpc_port))
    t.deepEqual([status, text.trim()], [0, JSON.stringify({ data })])
    await stopMaster(master)
  })
})

test('a client of an older master does not keep its process alive either', async (t) => {
  await inFolder(async (folder) => {
    const master = await runOlderMaster(folder, 'nil')
    const { status, text } = await runProcess('client.mjs', String(master.at.grpc_port))
    t.deepEqual([status, text.trim()], [0, JSON.stringify({ data })])
    await kill(master.process)
  })
})

test('after close a client refuses calls', async (t) => {
  const store = await Store.connect({ grpc_port: 1 })
  await Promise.all([store.close(), store.close()])
  for (const call of everyCall(store)) await refuses(t, call, notStarted)
})

test('client options are validated', async (t) => {
  const wrong = {
    port: 5,
    timeout_ms: 0,
    access_key: 'two words',
    grpc_host: 'a\0',
    secret_key: 'x',
  }
  for (const [name, value] of Object.entries(wrong)) {
    const error = await t.throwsAsync(() => Store.connect({ [name]: value }), {
      code: 'ERR_CRUDJT_OPTION',
    })
    t.true(error?.message.includes(`'${name}'`), error?.message)
  }
})

test('servers other than a master are recognized within the deadline', async (t) => {
  const http = createHttpServer((_, response) => response.end('hello'))
  const http2 = createHttp2Server((_, response) => response.end('hello'))
  const silent = createServer(() => {})
  const tls = createServer((socket) => socket.end(Buffer.from('15030100020216', 'hex')))
  const cutting = createServer((socket) => socket.destroy())
  const servers = { http, http2, silent, tls, cutting } as unknown as Record<string, Server>
  const reasons: Record<string, string> = { silent: 'no response', http2: 'not a CRUDJT master' }
  const refusing = Object.entries(servers).map(async ([name, server]) => {
    const grpc_port = await portOf(server)
    const store = await Store.connect({ grpc_port, timeout_ms: PATIENCE_MS })
    const says = unavailable(`127.0.0.1:${grpc_port}`)
    const calls = everyCall(store).map((call) => refuses(t, call, says, name))
    for (const { message } of await Promise.all(calls)) {
      t.true(message.includes(reasons[name] ?? ''), `${name}: ${message}`)
    }
    await store.close()
    server.close()
  })
  await Promise.all(refusing)
})

test('a host name that cannot be resolved is named', async (t) => {
  for (const grpc_host of ['no-such-host.invalid', '%']) {
    await using store = await Store.connect({ grpc_host, timeout_ms: 300 })
    await refuses(t, () => store.read('x'), unavailable('50051'))
  }
  const refused = {
    is: TypeError,
    code: 'ERR_CRUDJT_OPTION',
    says: "the port is 'grpc_port'",
  } as const
  for (const grpc_host of ['no host', 'http://', '127.0.0.1:50051'])
    await refuses(t, async () => Store.connect({ grpc_host }), refused)
})

test('only a client with the same access key is admitted', async (t) => {
  await inFolder(async (folder) => {
    const master = await runMaster(folder, { access_key: 'a-key' })
    const right = await Store.connect({ ...patient(master.at), access_key: 'a-key' })
    t.deepEqual(await right.read(await right.create(data)), { data })
    await right.close()
    for (const access_key of [undefined, 'b-key', 'a-key2', 'A-key']) {
      const wrong = await Store.connect({ ...patient(master.at), access_key })
      for (const call of everyCall(wrong)) {
        const error = await refuses(t, call, {
          is: CRUDJTError,
          code: 'ERR_CRUDJT_UNAUTHENTICATED',
        })
        t.false(error.message.includes('-key'))
      }
      await wrong.close()
    }
    await stopMaster(master)
  })
})

test('nil, an empty response and an empty map all mean that the token does not exist', async (t) => {
  for (const nothing of ['nil', 'empty', 'map'] as const) {
    await inFolder(async (folder) => {
      const { at, process } = await runOlderMaster(folder, nothing)
      await using store = await Store.connect(patient(at as At))
      t.is(await store.read('A'.repeat(22)), null, nothing)
      t.deepEqual(await store.read(await store.create(data)), { data })
      await kill(process)
    })
  }
})

test('calls that an older master does not support are refused by name', async (t) => {
  await inFolder(async (folder) => {
    const { at, process } = await runOlderMaster(folder, 'nil')
    await using store = await Store.connect(patient(at))
    const calls = {
      'durable: true': () => store.create(data, { durable: true }),
      'keep: true': () => store.update('x', data, { keep: true }),
      'flush()': () => store.flush(),
      'stats()': () => store.stats(),
    }
    for (const [name, call] of Object.entries(calls)) {
      const refusal = { is: CRUDJTError, code: 'ERR_CRUDJT_UNSUPPORTED', says: name } as const
      await refuses(t, call, refusal)
    }
    await kill(process)
  })
})
