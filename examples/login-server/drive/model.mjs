/**
 * The expected contents of the store, derived from the log of requests alone.
 *
 * For each token the model keeps every state that the log allows: exactly one, unless a request for the
 * token got no reply. Such a request was in flight at the kill, so it may or may not have taken effect.
 * A reply that matches none of the states is a violation; what it shows becomes the expected state.
 *
 * A log entry: { call, token, status?, session?, role?, link?, left? }; no status means no reply.
 */
import { isDeepStrictEqual } from 'node:util'

const LINK_READS = 3
const LOGGED_OUT = null

export class Model {
  /** @type {Map<string, (object | null)[]>} token → possible sessions, null for logged out */
  sessions = new Map()
  /** @type {Map<string, number[]>} token → possible numbers of reads left */
  links = new Map()
  /** @type {{kind: 'lost' | 'revived' | 'changed' | 'failed', call: string}[]} */
  violations = []
  /** Requests without a reply. */
  unanswered = 0

  /** Applies one entry of the log. */
  apply(entry) {
    if (entry.status === undefined) this.unanswered += 1
    if (entry.status >= 500 || entry.status === 400) this.#violation('failed', entry)
    else this[`_${entry.call}`](entry)
  }

  _login({ status, token, session }) {
    if (status === 200) this.sessions.set(token, [session])
  }

  _page(entry) {
    if (entry.status === undefined) return
    this.#observe(entry, entry.status === 200 ? entry.session : LOGGED_OUT)
  }

  _role(entry) {
    const states = this.sessions.get(entry.token)
    const changed = states
      .filter((state) => state !== LOGGED_OUT)
      .map((state) => ({ ...state, role: entry.role }))
    if (entry.status === undefined) return void states.push(...changed)
    if (entry.status === 200) this.sessions.set(entry.token, changed)
    this.#observe(entry, entry.status === 200 ? entry.session : LOGGED_OUT)
  }

  _logout(entry) {
    const states = this.sessions.get(entry.token)
    if (entry.status === undefined) return void states.push(LOGGED_OUT)
    const wasLoggedOut = states.every((state) => state === LOGGED_OUT)
    if (entry.status === 204 && wasLoggedOut) this.#violation('revived', entry)
    if (entry.status === 401 && !states.includes(LOGGED_OUT)) this.#violation('lost', entry)
    this.sessions.set(entry.token, [LOGGED_OUT])
  }

  _link(entry) {
    if (entry.status === undefined) return
    const maybeLoggedIn = this.sessions.get(entry.token).some((state) => state !== LOGGED_OUT)
    if (entry.status === 200) this.links.set(entry.link, [LINK_READS])
    if (entry.status === 200 && !maybeLoggedIn) this.#violation('revived', entry)
    if (entry.status === 401) this.#observe(entry, LOGGED_OUT)
  }

  _visit(entry) {
    const states = this.links.get(entry.token)
    if (entry.status === undefined)
      return void states.push(...states.filter((left) => left > 0).map((left) => left - 1))
    const before = entry.status === 200 ? entry.left + 1 : 0
    if (!states.includes(before))
      this.#violation(before > Math.max(...states) ? 'revived' : 'lost', entry)
    this.links.set(entry.token, [entry.left ?? 0])
  }

  /** Compares an observed session with the possible states. */
  #observe(entry, observed) {
    const states = this.sessions.get(entry.token)
    if (!states.some((state) => isDeepStrictEqual(state, observed)))
      this.#violation(kindOf(states, observed), entry)
    this.sessions.set(entry.token, [observed])
  }

  #violation(kind, { call }) {
    this.violations.push({ kind, call })
  }
}

function kindOf(states, observed) {
  if (observed === LOGGED_OUT) return 'lost'
  return states.every((state) => state === LOGGED_OUT) ? 'revived' : 'changed'
}
