/**
 * What the store must hold, worked out from the log of answered requests alone.
 *
 * For each token it keeps every state that the log allows: exactly one, unless a request about the token
 * got no answer (it was in flight at the kill and may have been carried out or not). Each answer is held
 * against those states; one that none of them explains is a fault, and from then on what was seen counts.
 *
 * An entry: { call, token, status?, session?, role?, link?, left? }; without a status it was not answered.
 */
import { isDeepStrictEqual } from 'node:util'

const LINK_READS = 3
const OUT = null // the state of a session that is logged out

export class Ledger {
  /** @type {Map<string, (object | null)[]>} by token: the sessions it may hold, null for logged out */
  sessions = new Map()
  /** @type {Map<string, number[]>} by token: how often the link may still work */
  links = new Map()
  /** Answers that nothing explains. @type {{kind: 'lost' | 'revived' | 'changed' | 'failed', call: string}[]} */
  faults = []
  /** Requests that got no answer. */
  unanswered = 0

  /** Takes one entry of the log. */
  take(entry) {
    if (entry.status === undefined) this.unanswered += 1
    if (entry.status >= 500 || entry.status === 400) this.#fault('failed', entry)
    else this[`_${entry.call}`](entry)
  }

  _login({ status, token, session }) {
    if (status === 200) this.sessions.set(token, [session])
  }

  _page(entry) {
    if (entry.status === undefined) return
    this.#settle(entry, entry.status === 200 ? entry.session : OUT)
  }

  _role(entry) {
    const states = this.sessions.get(entry.token)
    const changed = states
      .filter((state) => state !== OUT)
      .map((state) => ({ ...state, role: entry.role }))
    if (entry.status === undefined) return void states.push(...changed)
    if (entry.status === 200) this.sessions.set(entry.token, changed)
    this.#settle(entry, entry.status === 200 ? entry.session : OUT)
  }

  _logout(entry) {
    const states = this.sessions.get(entry.token)
    if (entry.status === undefined) return void states.push(OUT)
    const wasOut = states.every((state) => state === OUT)
    if (entry.status === 204 && wasOut) this.#fault('revived', entry)
    if (entry.status === 401 && !states.includes(OUT)) this.#fault('lost', entry)
    this.sessions.set(entry.token, [OUT])
  }

  _link(entry) {
    if (entry.status === undefined) return
    const live = this.sessions.get(entry.token).some((state) => state !== OUT)
    if (entry.status === 200) this.links.set(entry.link, [LINK_READS])
    if (entry.status === 200 && !live) this.#fault('revived', entry)
    if (entry.status === 401) this.#settle(entry, OUT)
  }

  _visit(entry) {
    const states = this.links.get(entry.token)
    if (entry.status === undefined)
      return void states.push(...states.filter((left) => left > 0).map((left) => left - 1))
    const before = entry.status === 200 ? entry.left + 1 : 0
    if (!states.includes(before))
      this.#fault(before > Math.max(...states) ? 'revived' : 'lost', entry)
    this.links.set(entry.token, [entry.left ?? 0])
  }

  /** Holds the session that was seen against the states that may be. */
  #settle(entry, seen) {
    const states = this.sessions.get(entry.token)
    if (!states.some((state) => isDeepStrictEqual(state, seen)))
      this.#fault(kindOf(states, seen), entry)
    this.sessions.set(entry.token, [seen])
  }

  #fault(kind, { call }) {
    this.faults.push({ kind, call })
  }
}

function kindOf(states, seen) {
  if (seen === OUT) return 'lost'
  return states.every((state) => state === OUT) ? 'revived' : 'changed'
}
