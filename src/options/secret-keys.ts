/** Secret keys as text: which texts are accepted, and how several keys in one text are told apart. */
import { typeError } from '../errors.js'

/** The lengths of a key in bytes, and of the longest one in Base64. */
const KEY_BYTES: readonly number[] = [32, 48, 64]
const LONGEST_TEXT = 88

/** Whether a text is the Base64 of a secret key. */
export function isSecretKey(text: string): boolean {
  const isBase64 = /^[\w+/-]+={0,2}$/.test(text)
  return isBase64 && KEY_BYTES.includes(Buffer.from(text, 'base64').length)
}

/**
 * The keys in a text that separates them by commas or line ends. `openssl`, editors and terminals wrap a
 * long key: lines that are no key by themselves belong together.
 */
export function splitSecretKeys(text: string): string[] {
  return text.split(',').flatMap((part) => {
    const lines = part.trim().split(/\s+/)
    return joinWrapped(lines) ?? [lines.join('')]
  })
}

function joinWrapped(lines: readonly string[]): string[] | undefined {
  if (lines.length === 0) return []
  let key = ''
  for (let used = 0; used < lines.length && key.length < LONGEST_TEXT; ) {
    key += lines[used++]
    const others = isSecretKey(key) ? joinWrapped(lines.slice(used)) : undefined
    if (others !== undefined) return [key, ...others]
  }
  return undefined
}

/**
 * Checks what can be checked before the engine decodes the secrets.
 * @returns a list of its own
 */
export function checkSecrets(given: unknown): string[] {
  const secrets: unknown[] = Array.isArray(given) ? [...given] : [given]
  if (secrets.length === 0) throw blankSecret()
  return secrets.map(checkSecret)
}

function checkSecret(secret: unknown): string {
  if (secret === undefined || secret === null) throw blankSecret()
  if (typeof secret !== 'string') throw notBase64()
  if (secret.trim() === '') throw blankSecret()
  const keys = splitSecretKeys(secret)
  if (keys.length > 1 && keys.every(isSecretKey)) {
    throw notBase64(`: got ${keys.length} in one string, give them as a list of strings`)
  }
  return secret
}

function notBase64(why = ''): Error {
  return typeError('ERR_CRUDJT_SECRET_KEY', `'secret_key' must be a valid Base64 string${why}`)
}

function blankSecret(): Error {
  return typeError('ERR_CRUDJT_SECRET_KEY', 'Secret key is blank')
}

/** Checked secrets as the engine takes them: a list, without the white space of a wrapped key. */
export function secretList(checked: string | readonly string[]): string[] {
  const secrets = typeof checked === 'string' ? [checked] : [...checked]
  return secrets.map((secret) => secret.replaceAll(/\s+/g, ''))
}
