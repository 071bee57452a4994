/** `ttl` and `silence_read` as arguments of create and update. */
import { runInNewContext } from 'node:vm'
import { refuses } from '../helpers/refusals.js'
import { asGiven } from '../helpers/ttl.js'
import type { AddTest, TestedStore } from './variants.js'

const data = { a: 1 }
const calls = {
  create: (store: TestedStore, _token: string, ...limits: unknown[]) =>
    store.create(data, ...(limits as never[])),
  update: (store: TestedStore, token: string, ...limits: unknown[]) =>
    store.update(token, data, ...(limits as never[])),
}

const outOfRange: unknown[] = [0, -0, -1, -0.5, Number.NaN, Number.NEGATIVE_INFINITY, 0n, -1n]
const tooLarge: unknown[] = [2 ** 64, 2n ** 64n, 1e300]
const noWholeNumbers: unknown[] = [0.5, 1.5, Number.POSITIVE_INFINITY, '', '5', true, false]
const noLimits: unknown[] = [[], [5], new Date(), () => 5, Symbol('5'), Object(5)]

const textOf = (name: string) => `${name} should be greater than 0 and less than 2^64`

class Lifetime {
  ttl = 60
}

/** What is given as a ttl, and what the refusal says of it; never a text, which might be a token. */
const described: [given: unknown, got: string][] = [
  [1.5, 'a whole number of seconds, got 1.5'],
  [Number.POSITIVE_INFINITY, 'a whole number of seconds, got Infinity'],
  ['3600', 'a whole number of seconds, got a string'],
  ['1h', 'a whole number of seconds, got a string'],
  ['', 'a whole number of seconds, got an empty string'],
  [true, 'a whole number of seconds, got a boolean'],
  [[5], 'a whole number of seconds or a plain object of options, got an array'],
  [new Date(), 'a whole number of seconds or a plain object of options, got an instance of Date'],
  [new Lifetime(), 'or a plain object of options, got an instance of Lifetime'],
]

const seconds = 'a whole number of seconds from now, not milliseconds'
/** What other packages call an option, and what the refusal proposes. */
const misnamed: [given: string, meant: string][] = [
  ...['maxAge', 'max_age', 'expiresIn', 'expires_in', 'expires', 'ex', 'EX', 'px', 'PX'].map(
    (name): [string, string] => [name, `did you mean 'ttl' (${seconds})?`],
  ),
  ['maxReads', "did you mean 'silence_read' (a whole number of reads)?"],
  ['samesite', 'expected one of ttl, silence_read, durable'],
]

/** What is given, and what a read tells. */
const kept: [given: number | bigint, told: number | bigint][] = [
  [1_000_000_000_000, 1_000_000_000_000],
  [5n, 5],
  [2n ** 53n - 1n, 2 ** 53 - 1],
  [2n ** 53n, 2n ** 53n],
  [2n ** 53n + 1n, 2n ** 53n + 1n],
  [2n ** 62n, 2n ** 62n],
  [2 ** 53, 2 ** 53 - 1],
  [2 ** 62, 2 ** 53 - 1],
  [2 ** 63, 2 ** 53 - 1],
  [2n ** 63n - 1n, 2n ** 63n - 1n],
  [2n ** 64n - 1n, 2n ** 63n - 1n],
]

export function testLimits(it: AddTest): void {
  testNamedLimits(it)
  for (const [name, call] of Object.entries(calls)) {
    it(`${name} refuses limits out of range with a RangeError`, async (t, store) => {
      const since = Date.now()
      const token = await store.create(data, 100)
      for (const bad of [...outOfRange, ...tooLarge]) {
        const refusal = { is: RangeError, code: 'ERR_CRUDJT_LIMIT' } as const
        const about = String(bad)
        await refuses(t, () => call(store, token, bad), { ...refusal, says: textOf('ttl') }, about)
        const says = textOf('silence_read')
        await refuses(t, () => call(store, token, null, bad), { ...refusal, says }, about)
        await refuses(
          t,
          () => call(store, token, { silence_read: bad }),
          { ...refusal, says },
          about,
        )
      }
      const session = asGiven(await store.read(token), 100, since)
      t.deepEqual(session, { metadata: { ttl: 100 }, data })
    })

    it(`${name} refuses limits that are no whole numbers with a TypeError`, async (t, store) => {
      const since = Date.now()
      const token = await store.create(data, 100)
      for (const bad of [...noWholeNumbers, ...noLimits]) {
        const refusal = { is: TypeError, code: 'ERR_CRUDJT_LIMIT' } as const
        const about = String(bad)
        await refuses(t, () => call(store, token, bad), { ...refusal, says: textOf('ttl') }, about)
        const says = textOf('silence_read')
        await refuses(t, () => call(store, token, 5, bad), { ...refusal, says }, about)
      }
      const session = asGiven(await store.read(token), 100, since)
      t.deepEqual(session, { metadata: { ttl: 100 }, data })
    })

    it(`${name} refuses an option that it doesn't know, naming the nearest`, async (t, store) => {
      const token = await store.create(data)
      const refusal = { is: TypeError, code: 'ERR_CRUDJT_OPTION' } as const
      const tried = { silenceRead: 'silence_read', TTL: 'ttl', durabel: 'durable' }
      for (const [wrong, right] of Object.entries(tried)) {
        const says = new RegExp(`'${wrong}'.*'${right}'`)
        await refuses(t, () => call(store, token, { [wrong]: 5 }), { ...refusal, says })
      }
      const says = /'durable'.*true or false/
      await refuses(t, () => call(store, token, { durable: 'yes' }), { ...refusal, says })
      await refuses(t, () => call(store, token, { ttl: 5 }, 5), {
        ...refusal,
        says: 'silence_read',
      })
    })
  }

  it('null and undefined mean no limit, alone and among options', async (t, store) => {
    for (const none of [null, undefined]) {
      t.deepEqual(await store.read(await store.create(data, none, none)), { data })
      const options = { ttl: none, silence_read: none }
      t.deepEqual(await store.read(await store.create(data, options)), { data })
    }
    t.deepEqual(await store.read(await store.create(data, {})), { data })
  })

  it('a limit given as a Number is told as one, one of 2^53 or more as a BigInt', async (t, store) => {
    for (const [given, told] of kept) {
      const left = BigInt(told) - 1n
      const counted = await store.read(await store.create(data, null, given))
      t.is(counted?.metadata?.silence_read, left < 2n ** 53n ? Number(left) : left, `${given}`)
    }
  })

  it('a token lives with a ttl of any size', async (t, store) => {
    for (const [given, told] of kept) {
      const since = Date.now()
      const ttl = (await store.read(await store.create(data, given)))?.metadata?.ttl ?? 0
      const passed = BigInt(Math.ceil((Date.now() - since) / 1000))
      if (typeof given === 'number') t.is(typeof ttl, 'number')
      const off = BigInt(told) - BigInt(ttl)
      t.true(off >= 0n && off <= passed, `${given} is told as ${ttl}`)
    }
  })
}

/** What refusals say, and which objects are options. */
function testNamedLimits(it: AddTest): void {
  for (const [name, call] of Object.entries(calls)) {
    it(`${name} says what is wrong with a limit`, async (t, store) => {
      const token = await store.create(data)
      const refusal = { is: TypeError, code: 'ERR_CRUDJT_LIMIT' } as const
      for (const [given, got] of described) {
        const error = await refuses(t, () => call(store, token, given), { ...refusal, says: got })
        t.true(error.message.startsWith(`${textOf('ttl')}: expected a whole number of seconds`))
      }
      const says = `${textOf('silence_read')}: expected a whole number of reads, got 1.5`
      await refuses(t, () => call(store, token, null, 1.5), { ...refusal, says })
      await refuses(t, () => call(store, token, { silence_read: 1.5 }), { ...refusal, says })
      for (const bad of [...outOfRange, ...tooLarge]) {
        const error = await t.throwsAsync(call(store, token, bad))
        t.is(error?.message, textOf('ttl'))
      }
    })

    it(`${name} knows what other packages call its options`, async (t, store) => {
      const token = await store.create(data)
      const refusal = { is: TypeError, code: 'ERR_CRUDJT_OPTION' } as const
      for (const [given, says] of misnamed) {
        await refuses(t, () => call(store, token, { [given]: 60 }), { ...refusal, says })
      }
    })

    it(`${name} takes options from another realm and without a prototype`, async (t, store) => {
      const token = await store.create(data)
      for (const options of [
        runInNewContext('({ ttl: 60 })'),
        Object.assign(Object.create(null), { ttl: 60 }),
      ]) {
        const made = await call(store, token, options)
        const session = await store.read(typeof made === 'string' ? made : token)
        t.truthy(session?.metadata?.ttl)
      }
    })
  }
}
