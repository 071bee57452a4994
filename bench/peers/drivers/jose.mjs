/** JSON Web Tokens by Web Cryptography, which is asynchronous. */
import { jwtVerify, SignJWT } from 'jose'
import { SECRET_KEY } from '../../compare/terms.mjs'

const ALGORITHM = { name: 'HMAC', hash: 'SHA-256' }

export async function open() {
  const bytes = Buffer.from(SECRET_KEY, 'base64')
  // Imported once: jose would import bytes again for every call.
  const key = await crypto.subtle.importKey('raw', bytes, ALGORITHM, false, ['sign', 'verify'])
  return {
    isSync: false,
    create: (data) =>
      new SignJWT(data).setProtectedHeader({ alg: 'HS256' }).setIssuedAt().sign(key),
    read: (token) => jwtVerify(token, key, { algorithms: ['HS256'] }),
    dataOf: (found) => found.payload,
    close: () => {},
  }
}
