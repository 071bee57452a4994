/** Bad tokens, on every call that takes one. */
import { refuses } from '../helpers/refusals.js'
import type { AddTest, TestedStore } from './variants.js'

const data = { a: 1 }
const calls = {
  read: (store: TestedStore, token: unknown) => store.read(token as string),
  update: (store: TestedStore, token: unknown) => store.update(token as string, data),
  delete: (store: TestedStore, token: unknown) => store.delete(token as string),
}

const noStrings = [
  undefined,
  null,
  5,
  5n,
  true,
  {},
  [],
  ['a'],
  () => 'a',
  Symbol('a'),
  Buffer.from('a'),
]
const blank = { is: RangeError, code: 'ERR_CRUDJT_TOKEN', says: "token can't be blank" } as const
const noString = {
  is: TypeError,
  code: 'ERR_CRUDJT_TOKEN',
  says: 'token must be a String',
} as const

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Strings that a lax decoder would take for a token. */
function aliases(token: string): string[] {
  const last = ALPHABET.indexOf(token.slice(-1))
  const others = [1, 2, 3].map((bits) => token.slice(0, -1) + ALPHABET[last ^ bits])
  const wide = String.fromCharCode(token.charCodeAt(0) + 0x100) + token.slice(1)
  const twice = [`${token}==`, `${token}=`, `${token}\0`, `\0${token}`, ` ${token}`, token + token]
  const standard = token.replaceAll('-', '+').replaceAll('_', '/')
  return [...others, ...twice, wide, token.slice(0, -1), `${token}A`].concat(
    standard === token ? [] : [standard],
  )
}

const strangers = [
  'A'.repeat(22),
  'x',
  'not a token at all',
  'ä'.repeat(22),
  '\u{1f511}'.repeat(11),
  '\0'.repeat(22),
  '\ud800'.repeat(22),
  'A'.repeat(100_000),
]

export function testTokens(it: AddTest): void {
  for (const [name, call] of Object.entries(calls)) {
    it(`${name} refuses a token that is no string`, async (t, store) => {
      for (const token of noStrings) {
        await refuses(t, () => call(store, token), noString, String(token))
      }
    })

    it(`${name} refuses a blank token`, async (t, store) => {
      await refuses(t, () => call(store, ''), blank)
    })

    it(`${name} knows no malformed, too long or foreign token`, async (t, store) => {
      const absent = name === 'read' ? null : false
      for (const token of strangers) t.is(await call(store, token), absent)
    })
  }

  it('no alias of a token is a token', async (t, store) => {
    const token = await store.create(data)
    for (const alias of aliases(token)) {
      t.is(await store.read(alias), null)
      t.false(await store.update(alias, data))
      t.false(await store.delete(alias))
    }
    t.deepEqual(await store.read(token), { data })
  })

  it('a token is 22 URL-safe characters and never repeats', async (t, store) => {
    const tokens = new Set<string>()
    for (let i = 0; i < 20; i++) tokens.add(await store.create(data))
    for (const token of tokens) t.regex(token, /^[A-Za-z0-9_-]{22}$/)
    t.is(tokens.size, 20)
  })
}
