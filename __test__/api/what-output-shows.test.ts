/** What printers, loggers and copiers show of public objects and errors: no key, token or data. */
import { Console } from 'node:console'
import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { CRUDJT, Store, type StoreEvent } from 'crudjt'
import { inFolder } from '../helpers/folder.js'
import type { At } from '../helpers/masters.js'

const SECRET_KEY = randomBytes(32).toString('base64')
const ACCESS_KEY = randomBytes(24).toString('base64url')
const CARD = '4111-1111-1111-1111'
const DATA = 'Zaphod Beeblebrox'

/** What `console.dir` writes; unlike `console.log` it ignores what an object says about itself. */
function dir(value: unknown): string {
  let written = ''
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      written += chunk
      done()
    },
  })
  new Console({ stdout }).dir(value, { depth: Number.POSITIVE_INFINITY, showHidden: true })
  return written
}

/** The ways in which programs, loggers and test runners turn a value into text. */
const printers: Record<string, (value: unknown) => string | undefined> = {
  'console.log': (value) => inspect(value),
  'inspect to any depth': (value) => inspect(value, { depth: Number.POSITIVE_INFINITY }),
  'inspect of everything': (value) => inspect({ value }, { depth: 50, showHidden: true }),
  'JSON.stringify': (value) => JSON.stringify({ value }),
  String: (value) => String(value),
  'console.dir': dir,
  spread: (value) => inspect({ ...(value as object) }, { depth: 50 }),
}

function showsNothing(
  t: ExecutionContext,
  name: string,
  value: unknown,
  secrets: readonly string[],
): void {
  for (const [way, print] of Object.entries(printers)) {
    const shown = print(value) ?? ''
    for (const secret of secrets) t.false(shown.includes(secret), `${way} of ${name}: ${shown}`)
  }
}

test.serial('no public object shows a key, a token or data', async (t) => {
  await inFolder(async (path) => {
    const events: StoreEvent[] = []
    const common = { secret_key: SECRET_KEY, onError: (event: StoreEvent) => events.push(event) }
    const options = { ...common, store_jt_path: path, grpc_port: 0, access_key: ACCESS_KEY }
    await CRUDJT.Config.startMaster(options)
    const at = CRUDJT.Config.address() as At
    const store = await Store.open({ ...common, path })
    const remote = await Store.connect({ ...at, access_key: ACCESS_KEY })
    const stranger = await Store.connect({ ...at, access_key: 'another-access-key' })
    const tokens: string[] = []
    for (const each of [store, remote, CRUDJT]) {
      const token = await each.create({ [CARD]: DATA })
      tokens.push(token)
      for (let i = 0; i < 3; i++) await each.read(token)
      await each.update(token, { [CARD]: DATA })
    }
    const refused = await t.throwsAsync(stranger.read(tokens[0] as string))
    const instances = { store, remote, stranger, stats: await store.stats(), refused, events }
    const secrets = [SECRET_KEY, ACCESS_KEY, 'another-access-key', CARD, DATA, ...tokens]
    t.deepEqual(inspect(store), `Store { path: '${path}' }`)
    t.is(JSON.stringify(store), JSON.stringify({ path }))
    t.is(JSON.stringify(remote), JSON.stringify(at))
    for (const [name, value] of Object.entries({ ...CRUDJT, ...CRUDJT.Config, ...instances })) {
      if (name === 'CRUDJT' || name === 'default') continue
      showsNothing(t, name, value, secrets)
    }
    t.deepEqual(
      events.map(({ code }) => code),
      ['CRUDJT_ACCESS_REFUSED'],
    )
    await Promise.all([stranger.close(), remote.close(), store.close()])
    t.is(inspect(store), `Store { path: '${path}' }`)
    await CRUDJT.Config.shutdownServer()
  })
})

const odd = (value: unknown) => value as never

/** Calls that fail, each with a secret in some place. */
const failing: Record<string, (store: Store, token: string) => Promise<unknown>> = {
  'a token as data': (store, token) => store.create(odd(token)),
  'a token as a ttl': (store, token) => store.create({}, odd(token)),
  'a token among the limits': (store, token) => store.create({}, { ttl: odd(token) }),
  'a token as a number of reads': (store, token) => store.create({}, 5, odd(token)),
  'a token as an option': (store, token) => store.create({}, { [token]: 1 } as never),
  'data as options': (store, token) => store.update(token, {}, { [CARD]: DATA } as never),
  'data as the value of an option': (store) => store.create({}, { durable: odd(DATA) }),
  'options that are data': (store, token) => store.delete(token, odd(DATA)),
  'a value under a card number': (store) => store.create({ [CARD]: () => DATA }),
  'a value under a token': (store, token) => store.create({ a: { [token]: Symbol(DATA) } }),
  'a Map with a number twice': (store) =>
    store.create({
      map: new Map<unknown, unknown>([
        ['4111111111111111', 1],
        [4111111111111111, 2],
      ]),
    }),
  'a value in a Map': (store) => store.create({ map: new Map([[4111111111111111, /a/]]) }),
  'too much data': (store) => store.create({ [CARD]: DATA.repeat(100) }),
  'a key of another length': ({ path }) => Store.open({ path, secret_key: SECRET_KEY.slice(4) }),
  'a key that is not Base64': ({ path }) => Store.open({ path, secret_key: `${SECRET_KEY}§` }),
  'two keys in one text': ({ path }) =>
    Store.open({ path, secret_key: `${SECRET_KEY}\n${SECRET_KEY}` }),
  'a key as an option': () => Store.open({ [SECRET_KEY]: 1 } as never),
  'a key instead of options': () => Store.open(odd(SECRET_KEY)),
  'a key as a number': ({ path }) =>
    Store.open({ path, secret_key: SECRET_KEY, cache_size: odd(SECRET_KEY) }),
  'an access key with spaces': () => Store.connect({ access_key: `${ACCESS_KEY} ` }),
  'an access key that is wrapped': () => Store.connect({ access_key: odd([ACCESS_KEY]) }),
  'an access key as a timeout': () => Store.connect({ timeout_ms: odd(ACCESS_KEY) }),
  'another key': ({ path }) => Store.open({ path, secret_key: randomBytes(32).toString('base64') }),
}

test.serial('no error shows a key, a token or data', async (t) => {
  await inFolder(async (path) => {
    const store = await Store.open({ path, secret_key: SECRET_KEY })
    const token = await store.create({ a: DATA })
    const secrets = [SECRET_KEY, SECRET_KEY.slice(4), ACCESS_KEY, CARD, '4111', DATA, token]
    for (const [name, call] of Object.entries(failing)) {
      const error = await t.throwsAsync(call(store, token), undefined, name)
      showsNothing(t, name, error, secrets)
    }
    await store.close()
  })
})
