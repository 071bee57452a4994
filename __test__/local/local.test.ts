/** The local socket: where it is, what falls back to gRPC, and what is refused with a code. */
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { CRUDJTError, Store } from 'crudjt'
import { masterSocket } from '../../build/src/local/socket-path.js'
import { ask, kill, runProcess } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { patient, placeOf, runMaster } from '../helpers/masters.js'
import { refuses } from '../helpers/refusals.js'

const data = { a: 1 }
const posix = process.platform === 'win32' ? test.skip : test

/** The transport of a client, which makes a call first. */
async function transportOf(options: Parameters<typeof Store.connect>[0]) {
  await using store = await Store.connect({ timeout_ms: 60_000, ...options })
  await store.create(data)
  return (await store.stats()).transport
}

function serverAt(path: string, serve: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      serve(socket)
    })
    server.listen(path, () => resolve(server))
  })
}

posix('a client of this machine uses the local socket, by any name of the address', async (t) => {
  await inFolder(async (folder) => {
    const { at, process } = await runMaster(folder, { grpc_host: '127.0.0.1' })
    const { grpc_port } = at
    t.is(await transportOf(at), 'local')
    t.is(await transportOf({ grpc_host: 'localhost', grpc_port }), 'local')
    t.is(await transportOf({ ...at, local: false }), 'grpc')
    await ask(process, 'stop')
    await kill(process)
  })
})

posix('masters with one port on different addresses keep their clients apart', async (t) => {
  await inFolder(async (folder) => {
    const one = await runMaster(join(folder, 'one'), { grpc_host: '127.0.0.1' })
    const { grpc_port } = one.at
    const two = await runMaster(join(folder, 'two'), { grpc_host: '127.0.0.2', grpc_port })
    await using first = await Store.connect(patient(one.at))
    await using second = await Store.connect(patient(two.at))
    const token = await first.create(data)
    t.is((await second.stats()).transport, 'local')
    t.is(await second.read(token), null)
    await kill(one.process)
    await kill(two.process)
  })
})

posix('the socket is private, removed at the stop, and replaced after a kill', async (t) => {
  await inFolder(async (folder) => {
    const path = `${folder}.local`
    const first = await runMaster(folder, { local: path })
    t.is(lstatSync(path).mode & 0o777, 0o600)
    await kill(first.process)
    t.true(existsSync(path))
    const second = await runMaster(folder, { local: path })
    t.is(await transportOf({ ...second.at, local: path }), 'local')
    await ask(second.process, 'stop')
    t.false(existsSync(path))
    await kill(second.process)
  })
})

posix('a client that comes while a master starts does not stay on gRPC', async (t) => {
  await inFolder(async (folder) => {
    const at = placeOf(folder)
    await using store = await Store.connect(patient(at))
    const created = store.create(data)
    const { process } = await runMaster(folder, at)
    await created
    t.is((await store.stats()).transport, 'local')
    await kill(process)
  })
})

posix(
  'what is no master makes a client use gRPC, and so does a socket that nobody serves',
  async (t) => {
    await inFolder(async (folder) => {
      const { at, process } = await runMaster(folder, { local: false })
      const path = `${folder}.local.sock`
      const answers = {
        closes: (socket: Socket) => void socket.destroy(),
        garbage: (socket: Socket) => void socket.write(randomBytes(1000)),
        'half a frame': (socket: Socket) => void socket.end(Buffer.from([9, 0, 0, 0, 1])),
        'a frame that is too long': (socket: Socket) => void socket.write(Buffer.alloc(4, 0xff)),
      }
      for (const [name, answer] of Object.entries(answers)) {
        const server = await serverAt(path, answer)
        t.is(await transportOf({ ...at, local: path }), 'grpc', name)
        server.close()
      }
      t.is(await transportOf({ ...at, local: path }), 'grpc', 'missing')
      t.is(await transportOf({ ...at, local: join(folder, 'x'.repeat(200)) }), 'grpc', 'too long')
      await kill(process)
    })
  },
)

posix('a master of a newer protocol is refused with its version', async (t) => {
  await inFolder(async (folder) => {
    const path = `${folder}.local.sock`
    const welcome = Buffer.from([0x0a, 2, 0x08, 99])
    const server = await serverAt(path, (socket) => {
      socket.once('data', () => socket.write(Buffer.concat([Buffer.from([4, 0, 0, 0]), welcome])))
    })
    await using store = await Store.connect({ grpc_port: 1, local: path })
    await refuses(t, () => store.create(data), {
      is: CRUDJTError,
      code: 'ERR_CRUDJT_VERSION',
      says: 'version 99',
    })
    server.close()
  })
})

posix('a wrong access key has its code, and the right one is proved on the socket', async (t) => {
  await inFolder(async (folder) => {
    const path = `${folder}.local`
    const access_key = 'the-access-key-of-a-test'
    const { at, process } = await runMaster(folder, { local: path, access_key })
    t.is(await transportOf({ ...at, local: path, access_key }), 'local')
    for (const wrong of [{}, { access_key: 'another-access-key-here' }]) {
      await using store = await Store.connect({ ...patient(at), local: path, ...wrong })
      await t.throwsAsync(() => store.create(data), { code: 'ERR_CRUDJT_UNAUTHENTICATED' })
    }
    await kill(process)
  })
})

posix('a path of one’s own that cannot be used is an error that names it', async (t) => {
  await inFolder(async (folder) => {
    for (const local of [join(folder, 'missing', 's'), join(folder, 'x'.repeat(120))]) {
      const { status, text } = await runProcess(
        'start-master.mjs',
        JSON.stringify({ path: join(folder, 'store'), key: KEY, local }),
      )
      t.is(status, 1, text)
      t.true(text.includes('ERR_CRUDJT_LISTEN') && text.includes(local), text)
    }
    for (const local of [true, '', 5]) {
      await refuses(t, () => Store.connect({ local } as never), {
        is: TypeError,
        code: 'ERR_CRUDJT_OPTION',
        says: 'false or the path of a socket',
      })
    }
  })
})

posix('a run folder that others may use is refused, and told once', async (t) => {
  await inFolder(async (folder) => {
    const faults = {
      link: (run: string) => symlinkSync(folder, run),
      shared: (run: string) => {
        mkdirSync(run)
        chmodSync(run, 0o770)
      },
    }
    for (const [name, spoil] of Object.entries(faults)) {
      const runtime = join(folder, name)
      mkdirSync(runtime)
      spoil(join(runtime, 'crudjt'))
      const { text } = await runProcess(
        'start-master.mjs',
        JSON.stringify({ path: join(folder, 'store'), key: KEY, runtime }),
      )
      t.is(text.split('CRUDJT_NO_LOCAL_SOCKET').length, 2, text)
      t.true(text.includes('transport: grpc'), text)
    }
  })
})

posix(
  'a client that floods, stalls or sends half a frame does not disturb another one',
  async (t) => {
    await inFolder(async (folder) => {
      const path = `${folder}.local`
      const { at, process } = await runMaster(folder, { local: path })
      const hostile = Array.from({ length: 6 }, () => connect(path).on('error', () => {}))
      const chunk = Buffer.alloc(1 << 16)
      hostile.forEach((socket, index) => {
        if (index < 2) for (let i = 0; i < 100; i++) socket.write(chunk)
        else if (index < 4) socket.write(Buffer.from([200, 0, 0, 0, 1]))
      })
      await using store = await Store.connect({ ...patient(at), local: path })
      for (let i = 0; i < 200; i++) t.is((await store.create(data)).length, 22)
      t.is((await store.stats()).transport, 'local')
      for (const socket of hostile) socket.destroy()
      await kill(process)
    })
  },
)

test('the name of a socket holds the address and the port', (t) => {
  const { path } = masterSocket({ host: '::1', port: 5051 }) ?? { path: '' }
  t.regex(path, process.platform === 'win32' ? /^$/ : /-::1-5051$/)
  t.is(masterSocket({ path: '/run/x' })?.path, '/run/x.local')
})
