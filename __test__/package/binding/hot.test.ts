/** The hot calls: scratch layout, sentinels, tokens that are none, coded errors. */
import test from 'ava'
import { AT, bind, newFolder, openStore, token } from './support.js'

test('a created record is read with its limits in the header', async (t) => {
  const store = await openStore(newFolder())
  const { hot, header, exact, put, got } = bind(store)
  const made = token(hot.create(AT, put('hello'), 60, 3, -1))
  t.regex(made, /^[\w-]{22}$/)
  put('-----')
  const length = hot.read(made)
  t.is(got(length), 'hello')
  t.deepEqual([header[0], header[1], exact[0], exact[1]], [60, 2, 60n, 2n])
  await store.close()
})

test('a record without limits shows -1, and is unchanged while the kept version is the newest', async (t) => {
  const store = await openStore(newFolder())
  const { hot, header, exact, put } = bind(store)
  const made = token(hot.create(AT, put('a'), -1, -1, -1))
  t.deepEqual([hot.read(made), ...header], [1, -1, -1, 1])
  t.is(exact[2], 2n ** 64n - 1n)
  t.is(hot.read(made), 1)
  t.is(exact[2], 2n ** 64n - 2n)
  hot.keep(7)
  t.is(hot.read(made), -16 - 7)
  t.is(hot.update(made, AT, put('bc'), -1, -1, false), 1)
  t.deepEqual([hot.read(made), exact[2]], [2, 7n])
  t.is(hot.read(made), 2)
  hot.keep(9)
  t.is(hot.read(made), -16 - 9)
  hot.forgetBelow(10)
  t.deepEqual([hot.read(made), exact[2]], [2, 2n ** 64n - 1n])
  await store.close()
})

test('a record created for a slot is unchanged at once; one with a read limit is never kept', async (t) => {
  const store = await openStore(newFolder())
  const { hot, put } = bind(store)
  const made = token(hot.create(AT, put('a'), -1, -1, 5))
  t.is(hot.read(made), -16 - 5)
  const counted = token(hot.create(AT, put('a'), -1, 9, -1))
  for (let i = 0; i < 3; i++) {
    t.is(hot.read(counted), 1)
    hot.keep(6)
  }
  await store.close()
})

test('a slot or limits that do not fit into the answer are in the header', async (t) => {
  const store = await openStore(newFolder())
  const { hot, header, exact, put } = bind(store)
  const far = 2 ** 31 - 15
  for (const slot of [far, 2 ** 32 + 5, 2 ** 48 - 1]) {
    const made = token(hot.create(AT, put('a'), -1, -1, slot))
    t.deepEqual([hot.read(made), exact[2], header[0]], [-2, BigInt(slot), -1])
  }
  t.is(hot.read(token(hot.create(AT, put('a'), -1, -1, far - 1))), -16 - (far - 1))
  const limited = token(hot.create(AT, put('a'), 60, -1, 5))
  t.deepEqual([hot.read(limited), exact[2], header[0], header[1]], [-2, 5n, 60, -1])
  await store.close()
})

test('limits beyond 2^53 are exact', async (t) => {
  const store = await openStore(newFolder())
  const { hot, exact, put } = bind(store)
  exact[0] = 2n ** 55n + 1n
  exact[1] = 2n ** 62n + 1n
  const made = token(hot.create(AT, put('a'), -2, -2, -1))
  t.is(hot.read(made), 1)
  t.is(exact[1], 2n ** 62n)
  t.true((exact[0] as bigint) <= 2n ** 55n + 1n)
  await store.close()
})

test('keep leaves the limits that are not given', async (t) => {
  const store = await openStore(newFolder())
  const { hot, header, put } = bind(store)
  const made = token(hot.create(AT, put('a'), 60, 9, -1))
  t.is(hot.update(made, AT, put('b'), -1, 5, true), 1)
  hot.read(made)
  t.deepEqual([header[0], header[1]], [60, 4])
  t.is(hot.update(made, AT, put('c'), -1, -1, false), 1)
  hot.read(made)
  t.deepEqual([header[0], header[1]], [-1, -1])
  await store.close()
})

test('a removed token is absent', async (t) => {
  const store = await openStore(newFolder())
  const { hot, put } = bind(store)
  const made = token(hot.create(AT, put('a'), -1, -1, -1))
  t.deepEqual([hot.remove(made), hot.remove(made)], [1, 0])
  t.is(hot.read(made), -1)
  t.is(hot.update(made, AT, put('b'), -1, -1, false), 0)
  await store.close()
})

test('text that resembles a token only when cut or narrowed is absent', async (t) => {
  const store = await openStore(newFolder())
  const { hot, put } = bind(store)
  const made = token(hot.create(AT, put('a'), -1, -1, -1))
  const first = made.charCodeAt(0)
  const aliases = [
    '',
    'x',
    `${made}=`,
    `${made}\0`,
    `${made}é`,
    made.slice(0, -1),
    String.fromCharCode(first + 0x80) + made.slice(1),
    String.fromCharCode(first + 0x100) + made.slice(1),
    `${made.slice(0, 20)}\u{1F600}`,
  ]
  for (const alias of aliases) {
    t.is(hot.read(alias), -1)
    t.is(hot.update(alias, AT, put('b'), -1, -1, false), 0)
    t.is(hot.remove(alias), 0)
  }
  t.is(hot.read(made), 1)
  await store.close()
})

test('measure gives the compact size of a map, or why there is none', async (t) => {
  const store = await openStore(newFolder())
  const { hot, put } = bind(store)
  const measured = (packed: string) => hot.measure(put(packed))
  t.is(measured('\x81\xa1a\xd3\0\0\0\0\0\0\0\x05'), 4)
  t.is(measured('\x81\xa1a'), -1)
  t.is(measured(''), -1)
  t.is(measured('\xc0'), -2)
  t.is(measured(`\x81\xa1a${'\x91'.repeat(200)}`), -3)
  t.throws(() => hot.measure(1e9), { code: 'ERR_CRUDJT_INTERNAL' })
  await store.close()
})

test('the wrong types and lengths are coded errors', async (t) => {
  const store = await openStore(newFolder())
  const { hot } = bind(store)
  const loose = hot as unknown as Record<string, (...args: unknown[]) => unknown>
  const calls = [
    () => loose.create?.('a', -1, -1, -1),
    () => loose.create?.(),
    () => loose.create?.(1e9, -1, -1, -1),
    () => loose.read?.(5),
    () => loose.remove?.(Symbol('token')),
  ]
  for (const call of calls) t.throws(call, { code: 'ERR_CRUDJT_INTERNAL' })
  await store.close()
})

test("too much data is the engine's error", async (t) => {
  const store = await openStore(newFolder())
  const { hot } = bind(store)
  t.throws(() => hot.create(AT, 257, -1, -1, -1), { code: 'ERR_CRUDJT_DATA_TOO_LARGE' })
  await store.close()
})

test('a buffer that is too short or not a buffer is not bound', async (t) => {
  const store = await openStore(newFolder())
  t.throws(() => store.bind(new ArrayBuffer(64), 0))
  t.throws(() => store.bind({} as ArrayBuffer, 0))
  await store.close()
})

test('one function outlives the object and the buffer that it came from', async (t) => {
  const store = await openStore(newFolder())
  const { create } = bind(store).hot
  const { hot } = bind(store)
  for (let round = 0; round < 50; round++) bind(store)
  t.is(hot.read(token(create(AT, 10, -1, -1, -1))), 10)
  await store.close()
})
