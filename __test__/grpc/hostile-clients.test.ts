/** Misbehaving clients harm only themselves: the master's memory stays bounded, others are answered. */
import { randomBytes } from 'node:crypto'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { type SessionStore, Store } from 'crudjt'
import { pack } from 'msgpackr'
import { ask, kill } from '../helpers/children.js'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { patient, type RunningMaster, runMaster } from '../helpers/masters.js'
import { RawStream } from '../helpers/raw-stream.js'

const [CREATE, READ] = [0, 1]
/** The most memory by which a master may grow during misuse. */
const MAX_GROWTH = 192 << 20
const LARGE = 'x'.repeat(60_000)

const folder = newFolder()
let master: RunningMaster
let good: SessionStore

test.before(async () => {
  master = await runMaster(folder, { max_data_size: 65_536 })
  good = await Store.connect(patient(master.at))
})
test.after.always(async () => {
  await good.close()
  await kill(master.process)
  removeFolder(folder)
})

const memory = () => ask<number>(master.process, 'memory')

/** A well-behaved client is answered throughout, and the memory stays bounded. */
async function harmsNobody(t: ExecutionContext, misbehave: () => Promise<() => void>) {
  const before = await memory()
  const end = await misbehave()
  for (let i = 0; i < 100; i++) {
    const token = await good.create({ i })
    t.deepEqual(await good.read(token), { data: { i } })
    t.true(await good.delete(token))
  }
  const growth = (await memory()) - before
  t.true(growth < MAX_GROWTH, `${Math.round(growth / 1e6)} MB more`)
  end()
}

/** Sends messages as fast as they are accepted, until stopped. */
function flood(stream: RawStream, message: () => Buffer): () => void {
  let isOver = false
  const fill = () => {
    while (!isOver && stream.stream.writable && stream.stream.write(message())) {}
  }
  stream.stream.on('drain', fill)
  fill()
  return () => {
    isOver = true
    stream.close()
  }
}

/** Messages of operations with ascending numbers. */
function operationsOf(count: number, one: object): () => Buffer {
  let number = 0
  const stream = new RawStream(master.at)
  const message = () => {
    const operations = Array.from({ length: count }, () => ({ number: ++number, ...one }))
    return stream.pack({ operations })
  }
  stream.close()
  return message
}

test.serial('a client that never reads its replies', async (t) => {
  const token = await good.create({ LARGE })
  await harmsNobody(t, async () => {
    const stream = new RawStream(master.at).greet()
    return flood(stream, operationsOf(100, { kind: READ, token }))
  })
})

test.serial('a client that floods the master with failing operations', async (t) => {
  await harmsNobody(t, async () => {
    const stream = new RawStream(master.at).listen().greet()
    return flood(stream, operationsOf(1000, { kind: READ, token: 'x' }))
  })
})

test.serial('a client that floods the master with durable operations', async (t) => {
  await harmsNobody(t, async () => {
    const stream = new RawStream(master.at).listen().greet()
    const one = { kind: CREATE, packed_data: pack({ a: 1 }), durable: true }
    return flood(stream, operationsOf(1000, one))
  })
})

test.serial('a client that never acknowledges a reply', async (t) => {
  const token = await good.create({ LARGE })
  await harmsNobody(t, async () => {
    const stream = new RawStream(master.at).listen().greet()
    return flood(stream, operationsOf(10, { kind: READ, token }))
  })
})

/** A batch stream of bare HTTP/2, whose bytes a test makes; nothing of it is read. */
function bareStream(headers: Record<string, string> = {}) {
  const session = connectHttp2(`http://${master.at.grpc_host}:${master.at.grpc_port}`)
  session.on('error', () => {})
  const stream = session.request({
    ':method': 'POST',
    ':path': '/crudjt.batch.Batch/Exchange',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  stream.on('error', () => {})
  return { session, stream }
}

/** Messages as gRPC frames them. */
function framed(...messages: Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const header = Buffer.alloc(5)
      header.writeUInt32BE(message.length, 1)
      return [header, message]
    }),
  )
}

test.serial('a client that sends millions of empty messages', async (t) => {
  await harmsNobody(t, async () => {
    const { session, stream } = bareStream()
    // Each is five zero bytes.
    stream.write(Buffer.alloc(12_000_000))
    await delay(200)
    return () => session.destroy()
  })
})

test.serial('a client that pipelines messages and never reads a reply', async (t) => {
  const token = await good.create({ LARGE })
  await harmsNobody(t, async () => {
    const { session, stream } = bareStream()
    const packer = new RawStream(master.at)
    stream.write(framed(packer.pack({ hello: { version: 1, client: randomBytes(16) } })))
    let number = 0
    const message = () => {
      const operations = Array.from({ length: 1000 }, () => ({
        number: ++number,
        kind: READ,
        token,
      }))
      return packer.pack({ operations })
    }
    for (let i = 0; i < 100; i++) stream.write(framed(message(), Buffer.alloc(0), message()))
    packer.close()
    await delay(500)
    return () => session.destroy()
  })
})

test.serial('a client that repeats its operations by the thousand', async (t) => {
  await harmsNobody(t, async () => {
    const stream = new RawStream(master.at).listen().greet()
    const first = operationsOf(8000, { kind: READ, token: 'x' })()
    stream.sendBytes(first)
    const storm = operationsOf(1500, { kind: READ, token: 'x' })()
    return flood(stream, () => storm)
  })
})

test.serial(
  'a client that goes on after its goodbye is told so, and is charged nothing',
  async (t) => {
    await harmsNobody(t, async () => {
      for (let i = 0; i < 20; i++) {
        const stream = new RawStream(master.at).listen().greet()
        stream.send({ goodbye: true })
        stream.sendBytes(operationsOf(1000, { kind: READ, token: 'x' })())
        t.is((await stream.ended).code, 3)
        stream.close()
      }
      return () => {}
    })
  },
)

test.serial('clients that ask for statistics and flushes without end', async (t) => {
  await harmsNobody(t, async () => {
    const streams = [4, 5].map((kind) => {
      const stream = new RawStream(master.at).listen().greet()
      return flood(stream, operationsOf(1000, { kind }))
    })
    t.is((await good.create({ durable: 1 }, { durable: true })).length, 22)
    return () => {
      for (const end of streams) end()
    }
  })
})

test.serial('many clients that leave with unread replies', async (t) => {
  const token = await good.create({ LARGE })
  await harmsNobody(t, async () => {
    for (let i = 0; i < 100; i++) {
      const stream = new RawStream(master.at).listen().greet()
      stream.sendBytes(operationsOf(20, { kind: READ, token })())
      await stream.next()
      stream.close()
    }
    return () => {}
  })
})

test.serial('a client that repeatedly sends oversized messages', async (t) => {
  await harmsNobody(t, async () => {
    for (let i = 0; i < 20; i++) {
      const stream = new RawStream(master.at).listen().greet()
      stream.sendBytes(Buffer.alloc(4 << 20))
      await stream.ended
      stream.close()
    }
    return () => {}
  })
})

test.serial('a client that sends half messages on all its streams harms only itself', async (t) => {
  await harmsNobody(t, async () => {
    const session = connectHttp2(`http://${master.at.grpc_host}:${master.at.grpc_port}`)
    session.on('error', () => {})
    const half = Buffer.alloc(1 << 19)
    half.writeUInt32BE(1 << 20, 1)
    for (let i = 0; i < 128; i++) {
      const stream = session.request({
        ':method': 'POST',
        ':path': i % 2 === 0 ? '/token.TokenService/CreateToken' : '/crudjt.batch.Batch/Exchange',
        'content-type': 'application/grpc',
      })
      stream.on('error', () => {})
      stream.write(half)
    }
    return () => session.destroy()
  })
})

test.serial('a client that asks reflection for long names and never reads a reply', async (t) => {
  await harmsNobody(t, async () => {
    const session = connectHttp2(`http://${master.at.grpc_host}:${master.at.grpc_port}`)
    session.on('error', () => {})
    const name = Buffer.alloc(900_000, 'x')
    const field = Buffer.from([0x22, 0xa0, 0xf7, 0x36])
    const header = Buffer.alloc(5)
    header.writeUInt32BE(field.length + name.length, 1)
    const request = Buffer.concat([header, field, name])
    for (let i = 0; i < 100; i++) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        'content-type': 'application/grpc',
      })
      stream.on('error', () => {})
      stream.pause()
      const fill = () => {
        while (!stream.destroyed && stream.write(request)) {}
      }
      stream.on('drain', fill)
      fill()
    }
    await delay(5000)
    return () => session.destroy()
  })
})

test.serial('a client that opens and resets streams harms only itself', async (t) => {
  await harmsNobody(t, async () => {
    const session = connectHttp2(`http://${master.at.grpc_host}:${master.at.grpc_port}`)
    session.on('error', () => {})
    for (let i = 0; i < 500 && !session.destroyed; i++) {
      const stream = session.request({ ':method': 'POST', ':path': '/crudjt.batch.Batch/Exchange' })
      stream.on('error', () => {})
      stream.close(constants.NGHTTP2_CANCEL)
    }
    return () => session.destroy()
  })
})

test.serial('many clients that do not speak HTTP/2', async (t) => {
  await harmsNobody(t, async () => {
    const { grpc_host: host, grpc_port: port } = master.at
    const sockets = Array.from({ length: 50 }, (_, i) => {
      const socket = connect({ host, port })
      socket.on('error', () => {})
      socket.write(i % 2 === 0 ? randomBytes(100_000) : 'GET / HTTP/1.1\r\n\r\n')
      return socket
    })
    return () => {
      for (const socket of sockets) socket.destroy()
    }
  })
})
