/**
 * The record of the bench: a session as express-session and passport keep it, with a few things an
 * application adds. Packs to exactly 256 bytes of MessagePack, whatever its number.
 */
import { Packr } from 'msgpackr'

const BYTES = 256
const FIRST_ID = 3_000_000_000 // all ids from here on pack to five bytes

/** Packs what peers keep as bytes, so that all of them pack alike. */
export const packr = new Packr({ useRecords: false, variableMapSize: true })

/** @param {'member' | 'editor'} role @returns {object} one record, to be numbered with `number` */
export function makeRecord(role) {
  const record = recordOf(0, role)
  const bytes = packr.pack(record).length
  if (bytes !== BYTES) throw new Error(`the record packs to ${bytes} bytes instead of ${BYTES}`)
  return record
}

/** A record of its own for the i-th token, as a program makes it at a login: some stores keep the object. */
export function recordOf(i, role) {
  return {
    cookie: {
      originalMaxAge: 3600000,
      expires: '2026-01-01T12:00:00.000Z',
      secure: true,
      httpOnly: true,
      path: '/',
      sameSite: 'lax',
    },
    passport: { user: { id: FIRST_ID + i, username: 'j.doe', name: 'Jane Doe', role } },
    csrfSecret: 'hV7mB0cYxTqL3sWnKd9aRzUe',
    returnTo: '/documents/17?page=3',
    agent: 'Firefox 140, Linux',
  }
}

/** Makes it the record of the i-th token, without allocating. */
export function number(record, i) {
  record.passport.user.id = FIRST_ID + i
  return record
}

/** Whether `data` is the i-th record of that role. */
export function isRecord(data, i, role) {
  const { user } = data.passport
  return user.id === FIRST_ID + i && user.role === role
}

/**
 * What this machine is worth just now: how long msgpackr takes to pack the record.
 * @param {number} count packs in each of the batches, of which the median is taken
 * @returns {number} microseconds
 */
export function packMicroseconds(count) {
  const record = makeRecord('member')
  const batches = Array.from({ length: 5 }, () => {
    const start = performance.now()
    for (let i = 0; i < count; i++) packr.pack(number(record, i))
    return ((performance.now() - start) * 1000) / count
  })
  return batches.sort((a, b) => a - b)[2]
}
