/** What is the same for every peer. */
import { randomFillSync } from 'node:crypto'

/** Seconds that a token lives, where tokens have a ttl. */
export const LIFETIME = 24 * 60 * 60

export const SECRET_KEY = 'Q1JVREpUIGJlbmNoIGtleTogbm90IGEgc2VjcmV0ISE='

const TOKEN_BYTES = 16
const pool = Buffer.alloc(1024 * TOKEN_BYTES)
let used = pool.length

/** 128 random bits as text, for peers that make no tokens; many at a time, since each draw costs a microsecond. */
export function randomToken() {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += TOKEN_BYTES
  return pool.toString('base64url', used - TOKEN_BYTES, used)
}
