/** One user of the cluster. Each request opens a new connection, so that the next worker gets it. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** Requests per worker until every worker has had one, however connections are distributed. */
const MAX_REQUESTS = 50

/**
 * Logs in, views the page at every worker, logs out, and views the page again.
 * @param {number} port @param {number} workers
 * @returns {Promise<Visit[]>} the outcome of every request
 *
 * @typedef {{step: 'login' | 'page' | 'logout' | 'page after', worker: number, status: number}} Visit
 */
export async function drive(port, workers) {
  const visits = []
  const visit = async (step, method, path, token) => {
    const { worker, status, body } = await send(port, method, path, token)
    visits.push({ step, worker, status })
    return body
  }
  const visitEveryWorker = async (step, token) => {
    const seen = () =>
      new Set(visits.filter((each) => each.step === step).map((each) => each.worker))
    for (let i = 0; i < MAX_REQUESTS * workers && seen().size < workers; i += 1) {
      await visit(step, 'GET', '/page', token)
    }
  }
  const token = await visit('login', 'POST', '/login')
  await visitEveryWorker('page', token)
  await visit('logout', 'POST', '/logout', token)
  await visitEveryWorker('page after', token)
  return visits
}

async function send(port, method, path, token) {
  const headers = token ? { authorization: token } : {}
  const options = { host: '127.0.0.1', port, method, path, headers, agent: false, timeout: 10_000 }
  const response = await new Promise((resolve, reject) => {
    const outgoing = request(options, resolve)
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no reply to ${method} ${path}`)))
    outgoing.on('error', reject).end()
  })
  const worker = Number(response.headers['x-worker'])
  return { worker, status: response.statusCode, body: await text(response) }
}
