/**
 * The accounts of the example: one per record, with the record's name. A real service queries its user
 * database, and hashes passwords with scrypt or argon2.
 */
import { timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'

const PASSWORD = Buffer.from('correct horse battery staple')

const read = (file) =>
  JSON.parse(readFileSync(new URL(`records/${file}`, import.meta.url), 'utf8')).records
const records = new Map(Object.entries({ ...read('sessions.json'), ...read('claims.json') }))

/** The names of all accounts. */
export const users = [...records.keys()]

/**
 * @param {{ user: string, password: string, device: string }} credentials
 * @returns {object | null} the data of a new session; null if the credentials are wrong
 */
export function authenticate({ user, password, device }) {
  const given = Buffer.from(password)
  const isRight = given.length === PASSWORD.length && timingSafeEqual(given, PASSWORD)
  const record = isRight ? records.get(user) : undefined
  if (!record) return null
  return { ...record, ...freshCookie(record.cookie), role: 'member', device, since: new Date() }
}

/** As in express-session, a cookie expires at a Date, counted from now. */
function freshCookie(cookie) {
  if (!cookie?.originalMaxAge) return {}
  return { cookie: { ...cookie, expires: new Date(Date.now() + cookie.originalMaxAge) } }
}
