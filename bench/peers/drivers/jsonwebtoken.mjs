/** JSON Web Tokens as most programs make them. */
import { createSecretKey } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { SECRET_KEY } from '../../compare/terms.mjs'

// Of bytes or a text it first tries whether they are a private key, for every call: 50 times the time.
const key = createSecretKey(Buffer.from(SECRET_KEY, 'base64'))
const algorithms = { algorithms: ['HS256'] }

export async function open() {
  return {
    isSync: true,
    create: (data) => jwt.sign(data, key),
    read: (token) => jwt.verify(token, key, algorithms),
    dataOf: (found) => found,
    close: () => {},
  }
}
