/** The quickest JSON Web Tokens. */
import { createSigner, createVerifier } from 'fast-jwt'
import { SECRET_KEY } from '../../compare/terms.mjs'

const key = Buffer.from(SECRET_KEY, 'base64')

/** @param {{cached?: number}} where `cached`: how many verified tokens are remembered */
export async function open({ cached }) {
  return {
    isSync: true,
    create: createSigner({ key, algorithm: 'HS256' }),
    read: createVerifier({ key, algorithms: ['HS256'], cache: cached }),
    dataOf: (found) => found,
    close: () => {},
  }
}
