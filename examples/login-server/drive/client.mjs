/** The HTTP client of the visitors: sends a request, times it, logs it, and checks the reply against the model. */
import { send } from './http.mjs'

const PASSWORD = 'correct horse battery staple'

const REQUESTS = {
  login: ({ user, device }) => ({
    method: 'POST',
    path: '/login',
    body: { user, device, password: PASSWORD },
  }),
  page: ({ token }) => ({ method: 'GET', path: '/page', token }),
  role: ({ token, role }) => ({ method: 'POST', path: '/role', token, body: { role } }),
  link: ({ token }) => ({ method: 'POST', path: '/links', token }),
  visit: ({ token }) => ({ method: 'GET', path: `/links/${token}` }),
  logout: ({ token }) => ({ method: 'POST', path: '/logout', token }),
}

/** The calls in the order of the report. */
export const CALLS = Object.keys(REQUESTS)

export class Client {
  #server
  #log
  #model
  #timings
  /** Requests answered so far. */
  answered = 0
  /** Requests waiting for a reply. */
  inFlight = 0

  constructor({ server, log, model, timings }) {
    this.#server = server
    this.#log = log
    this.#model = model
    this.#timings = timings
  }

  /** @returns {Promise<object>} the log entry; without `status` if no reply came */
  async request(call, parameters) {
    this.inFlight += 1
    const reply = await send(this.#server.origin, REQUESTS[call](parameters))
    this.inFlight -= 1
    const entry = reply ? this.#entry(call, parameters, reply) : { call, ...parameters }
    this.#log.write(entry)
    this.#model.apply(entry)
    return entry
  }

  #entry(call, { token, role }, { status, headers, body, ms }) {
    this.answered += 1
    const storeMs = Number(/store;dur=([\d.]+)/.exec(headers['server-timing'])?.[1])
    if (storeMs) this.#timings.add(call, ms, storeMs)
    const cookie = /^session=([^;]+)/.exec(headers['set-cookie']?.[0])?.[1]
    const { session, link, left } = body
    return { call, token: token ?? cookie, status, role, session, link, left }
  }
}
