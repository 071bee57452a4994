/**
 * One visitor: logs in from several devices, views pages, changes role, shares and follows links, logs
 * out, and retries closed sessions and used-up links. One request at a time, so that the order of the log
 * is the order of each token's changes.
 */
import { users } from '../accounts.mjs'

const ROLES = ['member', 'editor', 'admin']

/** The weight of each step, in percent. */
const STEPS = [
  [14, 'login'],
  [48, 'page'],
  [10, 'role'],
  [6, 'link'],
  [12, 'visit'],
  [6, 'logout'],
  [4, 'closedPage'],
]

export class Visitor {
  #name
  #client
  #open = []
  #closed = []
  #links = []
  #logins = 0

  constructor(name, client) {
    this.#name = name
    this.#client = client
  }

  /** Sends requests until `isOver`; waits while the server is down. */
  async run(server, isOver) {
    while (!isOver()) {
      await server.opened
      await this[`_${randomStep()}`]()
    }
  }

  async _login() {
    this.#logins += 1
    const device = `${this.#name}, device ${this.#logins}`
    const { status, token } = await this.#client.request('login', { user: any(users), device })
    if (status === 200) this.#open.push(token)
  }

  async _page() {
    if (this.#open.length > 0) await this.#client.request('page', { token: any(this.#open) })
  }

  async _role() {
    if (this.#open.length === 0) return
    await this.#client.request('role', { token: any(this.#open), role: any(ROLES) })
  }

  async _link() {
    if (this.#open.length === 0) return
    const { status, link } = await this.#client.request('link', { token: any(this.#open) })
    if (status === 200) this.#links.push(link)
  }

  /** A used-up link is followed once more, then forgotten. */
  async _visit() {
    if (this.#links.length === 0) return
    const link = any(this.#links)
    const { status } = await this.#client.request('visit', { token: link })
    if (status === 410) remove(this.#links, link)
  }

  /** Without a reply the session may still be open; it counts as closed from then on. */
  async _logout() {
    if (this.#open.length === 0) return
    const token = any(this.#open)
    remove(this.#open, token)
    this.#closed.push(token)
    await this.#client.request('logout', { token })
  }

  async _closedPage() {
    if (this.#closed.length > 0) await this.#client.request('page', { token: any(this.#closed) })
  }
}

const any = (list) => list[Math.floor(Math.random() * list.length)]
const remove = (list, item) => list.splice(list.indexOf(item), 1)

function randomStep() {
  let left = Math.random() * 100
  for (const [weight, step] of STEPS) {
    left -= weight
    if (left < 0) return step
  }
  return 'page'
}
