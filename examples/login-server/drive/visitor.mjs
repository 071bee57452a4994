/**
 * One visitor: logs in from several devices, looks at pages, changes role, shares links and follows them
 * (also once too often), logs out, and tries the page again afterwards. One request at a time, so the
 * order of the log is the order of what happened to each token.
 */
import { users } from '../accounts.mjs'

const ROLES = ['member', 'editor', 'admin']

/** How often each kind of step is taken, out of 100. */
const STEPS = [
  [14, 'login'],
  [48, 'page'],
  [10, 'role'],
  [6, 'link'],
  [12, 'visit'],
  [6, 'logout'],
  [4, 'pageOfTheLoggedOut'],
]

export class Visitor {
  #name
  #desk
  #open = []
  #closed = []
  #links = []
  #logins = 0

  constructor(name, desk) {
    this.#name = name
    this.#desk = desk
  }

  /** Visits until told to end; waits while the service is down. */
  async run(service, ended) {
    while (!ended()) {
      await service.up
      await this[`_${draw()}`]()
    }
  }

  async _login() {
    this.#logins += 1
    const entry = await this.#desk.ask('login', {
      user: any(users),
      device: `${this.#name}, device ${this.#logins}`,
    })
    if (entry.status === 200) this.#open.push(entry.token)
  }

  async _page() {
    if (this.#open.length > 0) await this.#desk.ask('page', { token: any(this.#open) })
  }

  async _role() {
    if (this.#open.length > 0)
      await this.#desk.ask('role', { token: any(this.#open), role: any(ROLES) })
  }

  async _link() {
    if (this.#open.length === 0) return
    const entry = await this.#desk.ask('link', { token: any(this.#open) })
    if (entry.status === 200) this.#links.push(entry.link)
  }

  /** A link that is used up is followed once more, then forgotten. */
  async _visit() {
    if (this.#links.length === 0) return
    const link = any(this.#links)
    const entry = await this.#desk.ask('visit', { token: link })
    if (entry.status === 410) remove(this.#links, link)
  }

  /** Without an answer the session may be open or closed; it is used as a closed one from then on. */
  async _logout() {
    if (this.#open.length === 0) return
    const token = any(this.#open)
    remove(this.#open, token)
    this.#closed.push(token)
    await this.#desk.ask('logout', { token })
  }

  async _pageOfTheLoggedOut() {
    if (this.#closed.length > 0) await this.#desk.ask('page', { token: any(this.#closed) })
  }
}

const any = (list) => list[Math.floor(Math.random() * list.length)]
const remove = (list, item) => list.splice(list.indexOf(item), 1)

function draw() {
  let left = Math.random() * 100
  for (const [share, step] of STEPS) {
    left -= share
    if (left < 0) return step
  }
  return 'page'
}
