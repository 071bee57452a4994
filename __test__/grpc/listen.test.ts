/** Where a master listens. */
import fs, { existsSync, lstatSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, Server as NetServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import test from 'ava'
import { CRUDJT, CRUDJTError, type MasterOptions, Store, type StoreEvent } from 'crudjt'
import { addressText, endpointOf } from '../../build/src/grpc/wire/address.js'
import { ask, kill } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { type At, patient, runMaster } from '../helpers/masters.js'
import { refuses } from '../helpers/refusals.js'

const { Config } = CRUDJT
const data = { a: 1 }

const optionsIn = (folder: string, options: Partial<MasterOptions> = {}) => ({
  secret_key: KEY,
  store_jt_path: join(folder, 'store'),
  grpc_port: 0,
  local: false as const,
  ...options,
})
const notListening = (says: string) =>
  ({ is: CRUDJTError, code: 'ERR_CRUDJT_LISTEN', says }) as const

function listening(on: object): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer(() => {}).listen(on, () => resolve(server))
  })
}

/** Reaches the master of this process as a client. */
async function throughThePort(t: { deepEqual(a: unknown, b: unknown): void }): Promise<void> {
  await using store = await Store.connect(patient(Config.address() as At))
  t.deepEqual(await store.read(await CRUDJT.create(data)), { data })
}

/** A start that fails and one that works, at the same place. */
async function failsThenWorks(
  t: Parameters<typeof refuses>[0],
  options: MasterOptions,
  says: string,
  fix: () => void,
): Promise<void> {
  await refuses(t, () => Config.startMaster(options), notListening(says))
  t.false(Config.wasStarted())
  t.is(Config.address(), undefined)
  fix()
  await Config.startMaster(options)
  await throughThePort(t)
  await Config.shutdownServer()
}

test.serial('port 0 selects a free port, which address returns until the shutdown', async (t) => {
  await inFolder(async (folder) => {
    t.is(Config.address(), undefined)
    await Config.startMaster(optionsIn(folder))
    const { grpc_host, grpc_port } = Config.address() as At
    t.is(grpc_host, '127.0.0.1')
    t.true(grpc_port > 0)
    await throughThePort(t)
    await Config.shutdownServer()
    t.is(Config.address(), undefined)
    const again = await listening({ port: grpc_port, host: '127.0.0.1' })
    again.close()
  })
})

test.serial('a port in use is refused with its address, and nothing stays open', async (t) => {
  await inFolder(async (folder) => {
    const other = await listening({ port: 0, host: '127.0.0.1' })
    const { port } = other.address() as AddressInfo
    const says = `127.0.0.1:${port}: the port is in use`
    const options = optionsIn(folder, { grpc_port: port })
    await failsThenWorks(t, options, says, () => other.close())
  })
})

test.serial('unknown hosts and addresses of other machines are refused', async (t) => {
  await inFolder(async (folder) => {
    const hosts = { 'no-such-host.invalid': 'resolved', '192.0.2.1': 'no such address' }
    for (const [grpc_host, reason] of Object.entries(hosts)) {
      const start = () => Config.startMaster(optionsIn(folder, { grpc_host }))
      const error = await refuses(t, start, notListening(grpc_host))
      t.true(error.message.includes(reason), error.message)
    }
    const store = await Store.open({ path: join(folder, 'store'), secret_key: KEY })
    await store.close()
  })
})

test.serial('a Unix socket is private and is removed with its master', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'master.sock')
    await Config.startMaster(optionsIn(folder, { grpc_host: `unix:${path}` }))
    t.is(lstatSync(path).mode & 0o777, 0o600)
    await throughThePort(t)
    const elsewhere = optionsIn(folder, { store_jt_path: join(folder, 'other') })
    await t.throwsAsync(() => runMaster(folder, { ...elsewhere, grpc_host: `unix:${path}` }))
    await throughThePort(t)
    await Config.shutdownServer()
    t.false(existsSync(path))
  })
})

test.serial('a socket appears with its mode, and the umask is not touched', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'master.sock')
    const { umask } = process
    const before = umask(0)
    const seen: string[] = []
    const { linkSync } = fs
    process.umask = () => t.fail('the umask is that of all threads') as never
    fs.linkSync = (from, to) => {
      const mode = (file: string) => (lstatSync(file).mode & 0o777).toString(8)
      seen.push(mode(dirname(String(from))), mode(String(from)))
      linkSync(from, to)
    }
    try {
      await Config.startMaster(optionsIn(folder, { grpc_host: `unix:${path}` }))
    } finally {
      fs.linkSync = linkSync
      process.umask = umask
      umask(before)
    }
    t.deepEqual(seen, ['700', '600'])
    t.deepEqual(readdirSync(folder).sort(), ['master.sock', 'store'])
    await throughThePort(t)
    await Config.shutdownServer()
  })
})

test.serial('a master leaves the socket of one that has replaced it', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'master.sock')
    await Config.startMaster(optionsIn(folder, { grpc_host: `unix:${path}` }))
    unlinkSync(path)
    const other = await listening({ path })
    await Config.shutdownServer()
    t.true(lstatSync(path).isSocket())
    other.close()
  })
})

test.serial('a socket whose path the system would cut is refused with the limit', async (t) => {
  await inFolder(async (folder) => {
    const pathOf = (length: number) => join(folder, 'x'.repeat(length - folder.length - 1))
    const limit = process.platform === 'linux' ? 108 : 104
    const at = (length: number) => ({ grpc_host: `unix:${pathOf(length)}` })
    for (const length of [limit + 1, limit + 100]) {
      const start = () => Config.startMaster(optionsIn(folder, at(length)))
      const { message } = await refuses(t, start, notListening(`at most ${limit} bytes`))
      t.true(message.includes(`needs ${length}`), message)
      await refuses(t, () => Store.connect(at(length)), {
        is: TypeError,
        code: 'ERR_CRUDJT_OPTION',
        says: `at most ${limit} bytes`,
      })
    }
    await Config.startMaster(optionsIn(folder, at(limit)))
    await throughThePort(t)
    await Config.shutdownServer()
  })
})

test.serial('an attempt that fails leaves no handlers', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'master.sock')
    const dead = await runMaster(folder, optionsIn(folder, { grpc_host: `unix:${path}` }))
    await kill(dead.process)
    const handlers: number[] = []
    const { listen } = NetServer.prototype
    NetServer.prototype.listen = function (this: Server, ...args: [never]) {
      handlers.push(this.listenerCount('listening'))
      return listen.apply(this, args)
    } as typeof listen
    await Config.startMaster(optionsIn(folder, { grpc_host: `unix:${path}` }))
    NetServer.prototype.listen = listen
    t.true(handlers.length > 0 && Math.max(...handlers) <= 1, `${handlers}`)
    await throughThePort(t)
    await Config.shutdownServer()
  })
})

test.serial('a stale socket is replaced, any other file is not', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'master.sock')
    const options = optionsIn(folder, { grpc_host: `unix://${path}` })
    const dead = await runMaster(folder, options)
    await kill(dead.process)
    t.true(lstatSync(path).isSocket())
    await Config.startMaster(options)
    await throughThePort(t)
    await Config.shutdownServer()

    writeFileSync(path, 'mine')
    await refuses(t, () => Config.startMaster(options), notListening('not a socket'))
    t.true(lstatSync(path).isFile())
    const nowhere = { ...options, grpc_host: `unix:${folder}/none/master.sock` }
    await refuses(
      t,
      () => Config.startMaster(nowhere),
      notListening('folder of the socket does not exist'),
    )
  })
})

test.serial('a port open to other machines without a key is reported once', async (t) => {
  await inFolder(async (folder) => {
    const events: StoreEvent[] = []
    const onError = (event: StoreEvent) => events.push(event)
    const codes = async (options: Partial<MasterOptions>) => {
      events.length = 0
      await Config.startMaster(optionsIn(folder, { onError, ...options }))
      await throughThePortOf(options)
      await Config.shutdownServer()
      return events.map(({ code }) => code)
    }
    t.deepEqual(await codes({ grpc_host: '0.0.0.0' }), ['CRUDJT_OPEN_PORT'])
    t.true(events[0]?.message.includes('access_key'))
    t.deepEqual(await codes({ grpc_host: '0.0.0.0', access_key: 'a-long-access-key' }), [])
    t.deepEqual(await codes({ grpc_host: 'localhost' }), [])
  })
})

async function throughThePortOf({ access_key }: Partial<MasterOptions>): Promise<void> {
  const { grpc_port } = Config.address() as At
  await using store = await Store.connect({ grpc_host: 'localhost', grpc_port, access_key })
  await store.create(data)
}

test('hosts, ports and sockets are distinguished, and sockets are refused on Windows', (t) => {
  const at = (grpc_host: string) => ({ grpc_host, grpc_port: 5 })
  t.deepEqual(endpointOf(at('a.example')), { host: 'a.example', port: 5 })
  t.deepEqual(endpointOf(at('[::1]')), { host: '::1', port: 5 })
  t.deepEqual(endpointOf(at('unix:/a/b'), 'linux'), { path: '/a/b' })
  t.deepEqual(endpointOf(at('unix:///a/b'), 'linux'), { path: '/a/b' })
  t.deepEqual(endpointOf(at('unix:a'), 'darwin'), { path: 'a' })
  for (const bad of ['unix:', 'http://x', '127.0.0.1:50051', '[::1]:50051', 'a host'])
    t.throws(() => endpointOf(at(bad), 'linux'), { code: 'ERR_CRUDJT_OPTION' }, bad)
  const windows = t.throws(() => endpointOf(at('unix:/a'), 'win32'), { instanceOf: TypeError })
  t.regex(windows?.message ?? '', /'grpc_host'.*Windows/)
  const texts = ['a.example', '::1', '[::1]', 'unix:/a'].map((host) => addressText(at(host)))
  t.deepEqual(texts, ['a.example:5', '[::1]:5', '[::1]:5', 'unix:/a'])
})

test.serial('an idle connection does not delay the shutdown', async (t) => {
  await inFolder(async (folder) => {
    await Config.startMaster(optionsIn(folder))
    const { grpc_port } = Config.address() as At
    const idle = connect(grpc_port, '127.0.0.1')
    await new Promise((resolve) => idle.once('data', resolve))
    const ended = new Promise((resolve) => idle.once('close', resolve))
    await Config.shutdownServer()
    await ended
    t.false(Config.wasStarted())
  })
})

test('a master loads the gRPC library on the first connection of its port, not before', async (t) => {
  await inFolder(async (folder) => {
    const { at, process } = await runMaster(folder)
    await using local = await Store.connect(patient(at))
    t.is((await local.create(data)).length, 22)
    t.false(await ask<boolean>(process, 'loadedGrpc'))
    await using client = await Store.connect({ ...patient(at), local: false })
    t.is((await client.create(data)).length, 22)
    t.true(await ask<boolean>(process, 'loadedGrpc'))
    await kill(process)
  })
})
