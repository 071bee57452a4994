/**
 * Where every request of the drive goes through: it is sent, timed, written to the log, and held against
 * the ledger. An entry of the log is made here and nowhere else.
 */
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

export class Desk {
  #service
  #log
  #ledger
  #timings
  /** Requests answered so far. */
  answered = 0
  /** Requests now under way. */
  inFlight = 0

  constructor({ service, log, ledger, timings }) {
    this.#service = service
    this.#log = log
    this.#ledger = ledger
    this.#timings = timings
  }

  /** Asks the service. @returns {Promise<object>} the entry; without `status` when no answer came */
  async ask(call, about) {
    this.inFlight += 1
    const answer = await send(this.#service.origin, REQUESTS[call](about))
    this.inFlight -= 1
    const entry = answer ? this.#answered(call, about, answer) : { call, ...about }
    this.#log.write(entry)
    this.#ledger.take(entry)
    return entry
  }

  #answered(call, { token, role }, { status, headers, body, ms }) {
    this.answered += 1
    const storeMs = Number(/store;dur=([\d.]+)/.exec(headers['server-timing'])?.[1])
    if (storeMs) this.#timings.add(call, ms, storeMs)
    const cookie = /^session=([^;]+)/.exec(headers['set-cookie']?.[0])?.[1]
    const { session, link, left } = body
    return { call, token: token ?? cookie, status, role, session, link, left }
  }
}
