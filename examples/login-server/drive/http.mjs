/** HTTP over kept-alive connections. A request that got no whole answer is told apart from any answer. */
import { Agent, request } from 'node:http'

const PATIENCE_MS = 10_000
const agent = new Agent({ keepAlive: true })

/**
 * @param {string} origin @param {{method: string, path: string, token?: string, body?: object}} what
 * @returns {Promise<{status: number, headers: object, body: any, ms: number} | null>} null: no whole answer came
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
      gather(response, (whole) =>
        resolve(whole === null ? null : answer(response, whole, performance.now() - start)),
      )
    })
    outgoing.setTimeout(PATIENCE_MS, () => outgoing.destroy())
    outgoing.on('error', () => resolve(null)).end(text)
  })
}

function gather(response, done) {
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk) => {
    text += chunk
  })
  response.on('close', () => done(response.complete ? text : null))
}

const answer = (response, text, ms) => ({
  status: response.statusCode,
  headers: response.headers,
  body: text === '' ? {} : JSON.parse(text),
  ms,
})
