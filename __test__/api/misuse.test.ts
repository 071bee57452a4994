/** Calls in ways that JavaScript allows and a store cannot carry out: coded errors that say what to do. */
import test from 'ava'
import { CRUDJT, isCrudjtError, Store } from 'crudjt'
import { runProcess } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

type Call = () => unknown

/** What a call fails with, thrown or rejected. */
async function failureOf(call: Call): Promise<unknown> {
  try {
    await call()
    return undefined
  } catch (error) {
    return error
  }
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

test('a store made with new says how to open one', async (t) => {
  const Maker = Store as unknown as new (options?: object) => Store
  for (const options of [undefined, {}, { path: 'store', secret_key: KEY }]) {
    t.throws(() => new Maker(options), {
      instanceOf: TypeError,
      code: 'ERR_CRUDJT_UNSUPPORTED',
      message: /Store\.open/,
    })
  }
})

test('every method that is called without its store says so, and carries out nothing', async (t) => {
  await inFolder(async (folder) => {
    const store = await Store.open({ path: folder, secret_key: KEY })
    const token = await store.create({ user_id: 42 })
    const { create, read, update, flush, ready, stats, close, backup } = store
    const { createSync, readSync, updateSync, deleteSync, delete: remove } = store
    const behind = new Proxy(store, {})
    const calls: Call[] = [
      () => create({}),
      () => read(token),
      () => update(token, {}),
      () => remove(token),
      () => flush(),
      () => ready(),
      () => stats(),
      () => close(),
      () => backup(`${folder}-copy`),
      () => createSync({}),
      () => readSync(token),
      () => updateSync(token, {}),
      () => deleteSync(token),
      () => Reflect.apply(read, null, [token]),
      () => Reflect.apply(remove, {}, [token]),
      () => behind.create({}),
      () => behind.path,
      () => JSON.stringify(behind),
    ]
    for (const call of calls) {
      const error = await failureOf(call)
      t.true(error instanceof TypeError && isCrudjtError(error), `${call}: ${error}`)
      if (isCrudjtError(error)) t.is(error.code, 'ERR_CRUDJT_INVALID_THIS')
      t.regex(String(error), /store\.method\.bind\(store\)/)
    }
    t.like(await store.read(token), { data: { user_id: 42 } })
    t.is((await store.stats()).live_tokens, 1)
    await store.close()
  })
})

test('a revoked Proxy is refused as data and as options', async (t) => {
  await inFolder(async (folder) => {
    const store = await Store.open({ path: folder, secret_key: KEY })
    const [data, options] = ['ERR_CRUDJT_DATA', 'ERR_CRUDJT_OPTION']
    const calls: [call: Call, code: string][] = [
      [() => store.create(revoked()), data],
      [() => store.create({ a: [{ b: revoked() }] }), data],
      [() => store.createSync({ a: revoked() }), data],
      [() => store.update('x', revoked()), data],
      [() => store.create({}, revoked()), options],
      [() => store.delete('x', revoked()), options],
      [() => Store.open(revoked() as never), options],
      [() => Store.connect(revoked()), options],
    ]
    for (const [call, code] of calls) {
      const error = await failureOf(call)
      t.true(error instanceof TypeError, `${call}: ${error}`)
      t.is((error as { code?: string }).code, code, `${call}: ${error}`)
    }
    await store.close()
  })
})

test('the errors of the caller’s own getters come through unchanged', async (t) => {
  await inFolder(async (folder) => {
    const store = await Store.open({ path: folder, secret_key: KEY })
    const own = new TypeError('of a getter')
    const data = {
      get user_id() {
        throw own
      },
    }
    t.is(await failureOf(() => store.create(data)), own)
    await store.close()
  })
})

test('JSON of the package and of its namespace shows its state', async (t) => {
  const state = { wasStarted: false, master: false }
  t.deepEqual(JSON.parse(JSON.stringify(CRUDJT)), state)
  t.deepEqual(JSON.parse(JSON.stringify({ a: [CRUDJT] })), { a: [state] })
  t.notThrows(() => JSON.stringify({ ...CRUDJT }))
  const namespace = await import('crudjt')
  t.deepEqual(JSON.parse(JSON.stringify(namespace.default)), state)
  t.notThrows(() => JSON.stringify(namespace))
})

test('an onError that throws is an uncaught exception, and the store goes on if the program does', async (t) => {
  await inFolder(async (folder) => {
    const { status, text } = await runProcess('throwing-handler.mjs', folder, KEY)
    t.is(status, 0, text)
  })
})
