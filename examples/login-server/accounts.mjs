/**
 * The accounts of the example: one for each record, named like it, and what a session of theirs holds.
 * A real service asks its user database, and hashes passwords with scrypt or argon2.
 */
import { timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'

const PASSWORD = Buffer.from('correct horse battery staple')

const read = (file) =>
  JSON.parse(readFileSync(new URL(`records/${file}`, import.meta.url), 'utf8')).records
const records = new Map(Object.entries({ ...read('sessions.json'), ...read('claims.json') }))

/** Names of all accounts. */
export const users = [...records.keys()]

/**
 * What to keep for a user who has just logged in.
 * @param {string} user @param {string} password @param {string} device @returns {object | null} null: not let in
 */
export function newSession(user, password, device) {
  const given = Buffer.from(password)
  if (given.length !== PASSWORD.length || !timingSafeEqual(given, PASSWORD)) return null
  const record = records.get(user)
  return record
    ? { ...record, ...freshCookie(record.cookie), role: 'member', device, since: new Date() }
    : null
}

/** As express-session does it: the cookie's end is a Date, counted from now. */
function freshCookie(cookie) {
  if (!cookie?.originalMaxAge) return {}
  return { cookie: { ...cookie, expires: new Date(Date.now() + cookie.originalMaxAge) } }
}
