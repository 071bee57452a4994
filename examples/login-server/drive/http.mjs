/** HTTP over keep-alive connections. A request without a complete reply resolves to null. */
import { Agent, request } from 'node:http'

const TIMEOUT_MS = 10_000
const agent = new Agent({ keepAlive: true })

/**
 * @param {string} origin @param {{method: string, path: string, token?: string, body?: object}} what
 * @returns {Promise<{status: number, headers: object, body: any, ms: number} | null>}
 */
export function send(origin, { method, path, token, body }) {
  const text = body && JSON.stringify(body)
  const headers = {
    ...(token && { cookie: `session=${token}` }),
    ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  }
  const start = performance.now()
  return new Promise((resolve) => {
    const outgoing = request(`${origin}${path}`, { method, agent, headers }, (response) => {
      collect(response, (text) => {
        if (!response.complete) return resolve(null)
        const { statusCode: status, headers } = response
        const ms = performance.now() - start
        resolve({ status, headers, body: text === '' ? {} : JSON.parse(text), ms })
      })
    })
    outgoing.setTimeout(TIMEOUT_MS, () => outgoing.destroy())
    outgoing.on('error', () => resolve(null)).end(text)
  })
}

function collect(response, done) {
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk) => {
    text += chunk
  })
  response.on('close', () => done(text))
}
