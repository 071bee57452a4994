/** One user in front of the cluster. Each request is a new connection, so the next worker gets it. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** So often every worker has had its turn, however connections are dealt out. */
const PATIENCE = 50

/**
 * Logs in, looks at the page at every worker, logs out, and looks again.
 * @param {number} port @param {number} workers
 * @returns {Promise<Visit[]>} what every request came to
 *
 * @typedef {{step: 'login' | 'page' | 'logout' | 'page after', worker: number, status: number}} Visit
 */
export async function drive(port, workers) {
  const visits = []
  const visit = async (step, method, path, token) => {
    const { worker, status, body } = await ask(port, method, path, token)
    visits.push({ step, worker, status })
    return body
  }
  const token = await visit('login', 'POST', '/login')
  const everywhere = async (step) => {
    const seen = () =>
      new Set(visits.filter((each) => each.step === step).map((each) => each.worker))
    for (let i = 0; i < PATIENCE * workers && seen().size < workers; i += 1) {
      await visit(step, 'GET', '/page', token)
    }
  }
  await everywhere('page')
  await visit('logout', 'POST', '/logout', token)
  await everywhere('page after')
  return visits
}

async function ask(port, method, path, token) {
  const response = await new Promise((resolve, reject) => {
    const headers = token ? { authorization: token } : {}
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      headers,
      agent: false,
      timeout: 10_000,
    }
    const asked = request(options, resolve)
    asked.on('timeout', () => asked.destroy(new Error(`no answer to ${method} ${path}`)))
    asked.on('error', reject).end()
  })
  const worker = Number(response.headers['x-worker'])
  return { worker, status: response.statusCode, body: await text(response) }
}
