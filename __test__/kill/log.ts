/**
 * What the lines of a killed process say of its tokens: how each was last acknowledged, and what was
 * under way. The lines are described in worker.mjs. Logs of several processes that had the same store
 * one after the other may be told one after the other.
 */

/** A token that one lane changes. */
export interface Told {
  /** Its acknowledged state. */
  is: string
  /** The state that it has if the operation in flight was carried out; undefined if there is none. */
  will: string | undefined
}

/** A token that many count down. */
export interface Counted {
  /** The reads that it had at first. */
  start: number
  /** The reads left that were acknowledged, in no order. */
  left: number[]
  /** How many reads were in flight. */
  inFlight: number
}

/** The state of all tokens of a store, as far as it is known. */
export class Log {
  readonly tokens = new Map<string, Told>()
  readonly counted = new Map<string, Counted>()
  /** How many operations were announced and not acknowledged. */
  inFlight = 0
  /** How many were acknowledged. */
  acknowledged = 0

  /** Takes one line; a line of another kind is passed over. */
  tell(line: string): void {
    const [verb, token = '', ...state] = line.split(' ')
    if (verb === 'will') this.will(token, state.join(' '))
    if (verb === 'is') this.is(token, state.join(' '))
    if (verb === 'shared') this.share(token, Number(state[0]))
    if (verb === 'count') this.count(token)
    if (verb === 'counted') this.countedDown(token, Number(state[0]))
  }

  /** A new process has the store: what the one before had in flight is decided. */
  endRun(): void {
    this.inFlight = 0
  }

  private will(token: string, state: string): void {
    this.inFlight++
    const told = this.tokens.get(token)
    if (told !== undefined) told.will = state
  }

  private is(token: string, state: string): void {
    this.acknowledge()
    this.tokens.set(token, { is: state, will: undefined })
  }

  private share(token: string, start: number): void {
    this.counted.set(token, { start, left: [], inFlight: 0 })
  }

  private count(token: string): void {
    this.inFlight++
    const counted = this.counted.get(token)
    if (counted !== undefined) counted.inFlight++
  }

  private countedDown(token: string, left: number): void {
    this.acknowledge()
    const counted = this.counted.get(token)
    if (counted === undefined) return
    counted.inFlight--
    counted.left.push(left)
  }

  private acknowledge(): void {
    this.inFlight--
    this.acknowledged++
  }
}
