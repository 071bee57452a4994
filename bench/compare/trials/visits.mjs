/**
 * What visitors of a site do: 90 % reads, 5 % logins, 3 % changes, 2 % logouts, some visitors far more often
 * than others (Zipf). One token in twenty is counted, where the store can count. A login takes the place of
 * a visitor who logged out, or of one whose token is forgotten.
 */
import { isRecord, recordOf } from '../../record.mjs'
import { LIFETIME } from '../terms.mjs'
import { randomFrom, zipf } from './random.mjs'

const PLAN = 2 ** 18 // visits drawn beforehand, then over again
const [READ, CREATE, UPDATE, DELETE] = [0, 1, 2, 3]
const COUNTED = 20
const READS = 1_000_000_000 // more than are made
const FILLING = 64 // at a time

export class Visits {
  #store
  #tokens
  #gone
  #kinds = new Uint8Array(PLAN)
  #visitors = new Uint32Array(PLAN)
  #next = 0

  /** @param store a peer @param {number} visitors */
  constructor(store, visitors) {
    this.#store = { ...store, ...store.awaited }
    this.#tokens = new Array(visitors)
    this.#gone = new Uint8Array(visitors)
    const random = randomFrom(7)
    const draw = zipf(visitors, random)
    for (let i = 0; i < PLAN; i++) {
      this.#kinds[i] = kindOf(random())
      this.#visitors[i] = draw()
    }
  }

  /** Logs everybody in. */
  async fill() {
    let next = 0
    const loop = async () => {
      while (next < this.#tokens.length) await this.#create(next++)
    }
    await Promise.all(Array.from({ length: FILLING }, loop))
  }

  /** The next visit. */
  visit() {
    const at = this.#next++ % PLAN
    const [kind, visitor] = [this.#kinds[at], this.#visitors[at]]
    if (kind === READ) return this.#read(visitor)
    if (kind === CREATE) return this.#create(visitor)
    return kind === UPDATE ? this.#update(visitor) : this.#delete(visitor)
  }

  async #create(visitor) {
    const token = await this.#store.create(recordOf(visitor, 'member'), LIFETIME, readsOf(visitor))
    this.#tokens[visitor] = token
    this.#gone[visitor] = 0
  }

  async #read(visitor) {
    const token = this.#tokens[visitor]
    const found = (await this.#store.read(token)) ?? null
    if (found === null) return this.#expectGone(visitor, token)
    const data = this.#store.dataOf(found)
    if (isRecord(data, visitor, 'member') || isRecord(data, visitor, 'editor')) return
    throw new Error('a read gave the data of somebody else')
  }

  async #update(visitor) {
    const token = this.#tokens[visitor]
    const data = recordOf(visitor, 'editor')
    // A store that does not look whether there is a token must not be made to bring one back.
    if (this.#gone[visitor] === 1) return
    const done = await this.#store.update(token, data, LIFETIME, readsOf(visitor))
    if (!done) this.#expectGone(visitor, token)
  }

  async #delete(visitor) {
    const token = this.#tokens[visitor]
    this.#gone[visitor] = 1
    await this.#store.delete(token)
  }

  #expectGone(visitor, token) {
    if (this.#gone[visitor] === 1 || this.#tokens[visitor] !== token) return
    throw new Error('a live token was not found')
  }
}

const readsOf = (visitor) => (visitor % COUNTED === 0 ? READS : undefined)

function kindOf(share) {
  if (share < 0.9) return READ
  if (share < 0.95) return CREATE
  return share < 0.98 ? UPDATE : DELETE
}
