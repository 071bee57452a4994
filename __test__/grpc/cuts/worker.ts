/**
 * Callers of a store, each with tokens of its own, that compare every answer with what it must be. A
 * call that was carried out twice, or not at all, shows: in the count of reads left, in what a delete
 * or an update says, or in a token too many.
 */
import type { SessionStore } from 'crudjt'

/** What the callers found. */
export interface Findings {
  /** Calls that were answered, and answers that were not what they must be. */
  answered: number
  wrong: string[]
  /** Calls whose outcome is not known, by code. */
  unknown: Record<string, number>
  /** Tokens that must be alive at the end, and at most as many more that nobody knows of. */
  alive: number
  orphans: number
}

/** New findings. */
export const nothingFound = (): Findings => ({
  answered: 0,
  wrong: [],
  unknown: {},
  alive: 0,
  orphans: 0,
})

/** What one token must hold now; where a call's outcome is not known, all that it may hold. */
interface Possible {
  value: number
  reads: number
  alive: boolean
}

/** One call in fifty waits for the disk: its reply comes long after those of its neighbours. */
const isDurable = () => Math.random() < 0.02

/** One caller. */
export class Caller {
  private readonly store: SessionStore
  private readonly findings: Findings
  private possible: Possible[] = []
  private value = 0

  constructor(store: SessionStore, findings: Findings) {
    this.store = store
    this.findings = findings
  }

  /** Uses one token after the other until told to stop. */
  async work(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.useToken(isOver)
  }

  private async useToken(isOver: () => boolean): Promise<void> {
    const value = ++this.value
    const token = await this.answer(() => this.store.create({ value }, null, 1000))
    if (token === undefined) {
      this.findings.orphans++
      return
    }
    this.possible = [{ value, reads: 1000, alive: true }]
    const calls = 5 + Math.floor(Math.random() * 20)
    for (let i = 0; i < calls && !isOver(); i++) {
      if (Math.random() < 0.7) await this.read(token)
      else await this.update(token)
    }
    if (Math.random() < 0.9) await this.remove(token)
    await this.settle(token)
  }

  /** Makes a call; undefined if its outcome is not known. */
  private async answer<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await call()
      this.findings.answered++
      return answer
    } catch (error) {
      const { code = String(error) } = error as { code?: string }
      this.findings.unknown[code] = (this.findings.unknown[code] ?? 0) + 1
      return undefined
    }
  }

  private async read(token: string): Promise<void> {
    const session = await this.answer(() => this.store.read<{ value: number }>(token))
    const after = this.possible.map((state) => ({ ...state, reads: state.reads - 1 }))
    if (session === undefined) this.possible.push(...after)
    else if (session === null) this.expect('a read of nothing', (state) => !state.alive)
    else {
      const { value } = session.data
      const reads = Number(session.metadata?.silence_read)
      this.possible = after
      const isIt = (state: Possible) =>
        state.alive && state.value === value && state.reads === reads
      this.expect(`a read of ${value} with ${reads} left`, isIt)
    }
  }

  private async update(token: string): Promise<void> {
    const value = ++this.value
    const options = { silence_read: 1000, durable: isDurable() }
    const result = await this.answer(() => this.store.update(token, { value }, options))
    const after = this.possible
      .filter(({ alive }) => alive)
      .map((state) => ({ ...state, value, reads: 1000 }))
    if (result === undefined) this.possible.push(...after)
    else if (result) this.possible = after
    else this.expect('an update of nothing', ({ alive }) => !alive)
    if (this.possible.length === 0) this.fail('an update of what is dead')
  }

  private async remove(token: string): Promise<void> {
    const options = { durable: isDurable() }
    const result = await this.answer(() => this.store.delete(token, options))
    const after = this.possible.map((state) => ({ ...state, alive: false }))
    if (result === undefined) this.possible.push(...after)
    else {
      this.expect(`a delete that says ${result}`, ({ alive }) => alive === result)
      this.possible = after.slice(0, 1)
    }
  }

  /** Reads until it is known what the token holds, and counts it. */
  private async settle(token: string): Promise<void> {
    for (let i = 0; i < 20; i++) {
      const before = this.findings.answered
      await this.read(token)
      if (this.findings.answered > before) break
    }
    if (this.possible.some(({ alive }) => alive)) this.findings.alive++
  }

  private expect(what: string, isIt: (state: Possible) => boolean): void {
    const left = this.possible.filter(isIt)
    if (left.length === 0) this.fail(what)
    else this.possible = left
  }

  private fail(what: string): void {
    this.findings.wrong.push(`${what}, where there may be ${JSON.stringify(this.possible)}`)
    this.possible = [{ value: 0, reads: 0, alive: false }]
  }
}
