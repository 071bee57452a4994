/** The life cycle of CRUDJT, as behaviour.md's "Getting in" has it. */
import test from 'ava'
import { CRUDJT, CRUDJTError, Store } from 'crudjt'
import { inFolder } from '../helpers/folder.js'
import { KEY, OTHER_KEY } from '../helpers/keys.js'
import { notStarted, refuses } from '../helpers/refusals.js'

const { Config } = CRUDJT
const data = { a: 1 }
const alreadyStarted = {
  is: CRUDJTError,
  code: 'ERR_CRUDJT_ALREADY_STARTED',
  says: 'CRUDJT already started',
} as const
const blank = { is: TypeError, code: 'ERR_CRUDJT_SECRET_KEY', says: 'Secret key is blank' } as const
const serverNotStarted = { ...notStarted, says: 'gRPC server is not started' }

const optionsIn = (folder: string) => ({ secret_key: KEY, store_jt_path: folder, grpc_port: 0 })

/** Runs a test with a started master. */
async function started(folder: string, body: () => Promise<void>): Promise<void> {
  await Config.startMaster(optionsIn(folder))
  try {
    await body()
  } finally {
    if (Config.wasStarted()) await Config.shutdownServer()
  }
}

const everyCall = (token: string) => ({
  create: () => CRUDJT.create(data),
  read: () => CRUDJT.read(token),
  update: () => CRUDJT.update(token, data),
  delete: () => CRUDJT.delete(token),
})

test.serial('every call before a start is refused', async (t) => {
  for (const call of Object.values(everyCall('A'.repeat(22)))) await refuses(t, call, notStarted)
  await refuses(t, () => Config.shutdownServer(), serverNotStarted)
  await refuses(t, () => Config.disconnect(), { ...notStarted, says: 'not connected' })
  t.false(Config.wasStarted())
  t.false(Config.master())
})

test.serial('a master answers until it is shut down, and can be started again', async (t) => {
  await inFolder(async (folder) => {
    let token = ''
    for (let round = 0; round < 2; round++) {
      await started(folder, async () => {
        t.true(Config.wasStarted())
        t.true(Config.master())
        if (round === 1) t.deepEqual(await CRUDJT.read(token), { data })
        token = await CRUDJT.create(data)
      })
      t.false(Config.wasStarted())
      t.false(Config.master())
      for (const call of Object.values(everyCall(token))) await refuses(t, call, notStarted)
    }
    await refuses(t, () => Config.shutdownServer(), serverNotStarted)
  })
})

test.serial('a second start is refused, even while the first is pending', async (t) => {
  await inFolder(async (folder) => {
    const first = Config.startMaster(optionsIn(folder))
    await refuses(t, () => Config.startMaster(optionsIn(folder)), alreadyStarted)
    await refuses(t, () => Config.connectToMaster(), alreadyStarted)
    await first
    await refuses(t, () => Config.startMaster(optionsIn(folder)), alreadyStarted)
    await refuses(t, () => Config.connectToMaster({ grpc_port: 1 }), alreadyStarted)
    t.deepEqual(await CRUDJT.read(await CRUDJT.create(data)), { data })
    await Config.shutdownServer()
  })
})

test.serial('calls during a start wait for it, and take the data as it is', async (t) => {
  await inFolder(async (folder) => {
    const starting = Config.startMaster(optionsIn(folder))
    const given = { role: 'member' }
    const creating = CRUDJT.create(given, { ttl: 100, durable: true })
    const reading = CRUDJT.read('A'.repeat(22))
    const updating = CRUDJT.update('A'.repeat(22), data, { keep: true })
    const deleting = CRUDJT.delete('A'.repeat(22), { durable: true })
    const refused = t.throwsAsync(() => CRUDJT.create([] as object), { instanceOf: TypeError })
    given.role = 'admin'
    await starting
    const session = await CRUDJT.read(await creating)
    t.deepEqual(session, { metadata: { ttl: 100 }, data: { role: 'member' } })
    t.deepEqual(await Promise.all([reading, updating, deleting]), [null, false, false])
    await refused
    await Config.shutdownServer()
  })
})

test.serial('a failed start leaves nothing open and no unhandled rejection', async (t) => {
  const unseen: unknown[] = []
  const see = (reason: unknown) => unseen.push(reason)
  process.on('unhandledRejection', see)
  await inFolder(async (folder) => {
    const starting = Config.startMaster({ ...optionsIn(folder), secret_key: 'c2hvcnQ=' })
    const calls = Object.values(everyCall('A'.repeat(22))).map((call) => call())
    const ignored = [CRUDJT.create(data), CRUDJT.read('x')]
    await t.throwsAsync(starting, { instanceOf: TypeError, message: /Got 5 bytes/ })
    for (const call of calls) {
      const error = await refuses(t, () => call, notStarted)
      t.regex(String(error.cause), /Got 5 bytes/)
    }
    await new Promise((resolve) => setImmediate(resolve))
    t.is(ignored.length, 2)
    t.false(Config.wasStarted())
    await started(folder, async () => {
      t.deepEqual(await CRUDJT.read(await CRUDJT.create(data)), { data })
    })
  })
  process.off('unhandledRejection', see)
  t.deepEqual(unseen, [])
})

test.serial('a shutdown during a start waits for it; a start during a shutdown too', async (t) => {
  await inFolder(async (folder) => {
    const starting = Config.startMaster(optionsIn(folder))
    const creating = CRUDJT.create(data)
    const stopping = [Config.shutdownServer(), Config.shutdownServer()]
    await starting
    const token = await creating
    const again = Config.shutdownServer().catch(() => {})
    await Promise.all([...stopping, again])
    t.false(Config.wasStarted())

    await Config.startMaster(optionsIn(folder))
    const closing = Config.shutdownServer()
    const restarting = Config.startMaster(optionsIn(folder))
    t.deepEqual(await CRUDJT.read(token), { data })
    await Promise.all([closing, restarting])
    t.true(Config.master())
    await Config.shutdownServer()
  })
})

test.serial('a secret that is missing, null or empty is blank', async (t) => {
  await inFolder(async (folder) => {
    for (const secret_key of [undefined, null, '', ' \n', [], [KEY, ''], [null]]) {
      const options = { ...optionsIn(folder), secret_key } as never
      await refuses(t, () => Config.startMaster(options), blank)
    }
    await refuses(t, () => Config.startMaster({} as never), blank)
    await refuses(t, () => (Config.startMaster as () => Promise<void>)(), blank)
  })
})

test.serial('a secret that is no Base64 or has another length is refused', async (t) => {
  await inFolder(async (folder) => {
    const start = (secret_key: unknown) =>
      Config.startMaster({ ...optionsIn(folder), secret_key } as never)
    const noBase64 = {
      is: TypeError,
      code: 'ERR_CRUDJT_SECRET_KEY',
      says: "'secret_key' must be a valid Base64 string",
    } as const
    for (const bad of [
      5,
      true,
      {},
      Buffer.alloc(32, 'ab'),
      `${KEY.slice(0, 20)}!*${KEY.slice(22)}`,
    ]) {
      await refuses(t, () => start(bad), noBase64, String(bad))
    }
    for (const bytes of [1, 31, 33, 47, 49, 65]) {
      const says = `'secret_key' must be exactly 32, 48, or 64 bytes. Got ${bytes} bytes`
      const secret = Buffer.from(Array.from({ length: bytes }, (_, i) => i * 7)).toString('base64')
      await refuses(t, () => start(secret), { ...noBase64, says })
    }
    const zeros = Buffer.alloc(32).toString('base64')
    await refuses(t, () => start(zeros), { is: TypeError, code: 'ERR_CRUDJT_SECRET_KEY' })
  })
})

test.serial(
  'a secret may be standard or URL-safe Base64, padded or not, of three lengths',
  async (t) => {
    for (const bytes of [32, 48, 64]) {
      const secret = Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 251) ^ 0xfb))
      const standard = secret.toString('base64')
      await inFolder(async (folder) => {
        let token = ''
        for (const form of [
          standard,
          standard.replaceAll('=', ''),
          secret.toString('base64url'),
          ` ${standard}\n`,
        ]) {
          await Config.startMaster({ ...optionsIn(folder), secret_key: form })
          if (token !== '') t.deepEqual(await CRUDJT.read(token), { data }, form)
          token = await CRUDJT.create(data)
          await Config.shutdownServer()
        }
      })
    }
  },
)

test.serial('another secret sees no token and harms none', async (t) => {
  await inFolder(async (folder) => {
    let token = ''
    await started(folder, async () => {
      token = await CRUDJT.create(data)
    })
    const events: { code: string }[] = []
    const onError = (event: { code: string }) => events.push(event)
    await Config.startMaster({ ...optionsIn(folder), secret_key: OTHER_KEY, onError })
    t.is(await CRUDJT.read(token), null)
    t.false(await CRUDJT.update(token, data))
    t.false(await CRUDJT.delete(token))
    const other = await CRUDJT.create({ b: 2 })
    t.deepEqual(await CRUDJT.read(other), { data: { b: 2 } })
    await Config.shutdownServer()
    t.deepEqual(
      events.map((event) => event.code),
      ['CRUDJT_NEW_KEY'],
    )
    await started(folder, async () => {
      t.deepEqual(await CRUDJT.read(token), { data })
      t.is(await CRUDJT.read(other), null)
    })
    const both = { ...optionsIn(folder), secret_key: [OTHER_KEY, KEY] }
    await Config.startMaster(both)
    t.deepEqual(await CRUDJT.read(token), { data })
    t.deepEqual(await CRUDJT.read(other), { data: { b: 2 } })
    await Config.shutdownServer()
  })
})

test.serial('with require_known_key a new secret is an error', async (t) => {
  await inFolder(async (folder) => {
    await started(folder, async () => {
      await CRUDJT.create(data)
    })
    const options = { ...optionsIn(folder), secret_key: OTHER_KEY, require_known_key: true }
    const unknownKey = { is: CRUDJTError, code: 'ERR_CRUDJT_UNKNOWN_KEY', says: folder } as const
    await refuses(t, () => Config.startMaster(options), unknownKey)
    t.false(Config.wasStarted())
  })
})

test.serial('a master and a Store of the same folder are one engine', async (t) => {
  await inFolder(async (folder) => {
    await started(folder, async () => {
      const store = await Store.open({ path: folder, secret_key: KEY })
      const token = await CRUDJT.create(data, null, 2)
      t.is((await store.read(token))?.metadata?.silence_read, 1)
      t.is((await CRUDJT.read(token))?.metadata?.silence_read, 0)
      t.is(await store.read(token), null)
      await store.close()
      t.regex(await CRUDJT.create(data), /^.{22}$/)
    })
  })
})
