/**
 * What the lines of killed processes say of the tokens of one store, and the judge of it: every
 * answer is held against the states that the token may have had.
 *
 * A *lane* of a process has one operation in flight at a time, and announces it before:
 *
 *   will LANE create NAME READS | brief FROM | update TOKEN NAME READS | delete TOKEN | read TOKEN
 *   did LANE ANSWER           TOKEN; TOKEN TO; true or false; true or false; what was read
 *   failed LANE CODE          it was not carried out, or nobody knows
 *   shared TOKEN READS        a token that many lanes count down
 *
 * An operation whose lane died may have been carried out or not: the token has two possible states,
 * until an answer tells which one it was, once and for all.
 */
import { after, isAlive, type Moment, mayAnswer, type Operation } from './state.js'

/** An answer that there should not have been. */
export interface Finding {
  /** `lost`: a live token was not there; `revived`: the reverse; `changed`: another state. */
  readonly kind: 'lost' | 'revived' | 'changed'
  readonly token: string
  /** The states that it may have had. */
  readonly told: string
  /** The operation and its answer. */
  readonly found: string
}

/** An operation in flight. */
interface Flight extends Operation {
  readonly lane: string
  readonly verb: Operation['verb']
  readonly token: string
  /** How many looks had ended when it began. */
  readonly look: number
  /** A look found that it was carried out. */
  isDone: boolean
  /** Its lane died, while another lane had an operation in flight. */
  isDead: boolean
}

/** A token that is made, and the state it will have. */
interface Creation {
  readonly lane: string
  readonly verb: 'create' | 'brief'
  readonly state: string
}

/** A token that one lane at a time changes. */
interface Told {
  /** Its possible states: one, but for operations of the dead. */
  states: string[]
  /** Operations in flight, of lanes that live and of those that died beside them. */
  flights: Flight[]
  /** Whose it is. */
  owner: string
}

/** A token that many lanes count down. */
interface Counted {
  /** The reads that it had at first, or at the last look. */
  start: number
  /** The reads left that were answered since, in no order. */
  left: Set<number>
  /** Reads in flight, and those of the dead. */
  inFlight: number
  undecided: number
}

/** The lane of the process that looks at all tokens. */
const LOOK = 'look'
/** What a call fails with that was never carried out. */
const NEVER = ['ERR_CRUDJT_NOT_STARTED', 'ERR_CRUDJT_UNAVAILABLE']
const UNKNOWN = 'ERR_CRUDJT_OUTCOME_UNKNOWN'

/** The state of all tokens of a store, as far as it is known. */
export class Log {
  readonly findings: Finding[] = []
  /** Every line, for those who look into a finding. */
  readonly lines: string[] = []
  /** How many operations were acknowledged, answers of looks left out; and answers of looks. */
  acknowledged = 0
  looked = 0
  /** Operations in flight when their process was killed. */
  killedInFlight = 0
  /** Calls whose outcome a client said not to know. */
  unknown = 0
  private readonly tokens = new Map<string, Told>()
  private readonly counted = new Map<string, Counted>()
  private readonly lanes = new Map<string, Flight | Creation>()
  private looks = 0
  private began = 0

  /** All tokens that were ever acknowledged. */
  get names(): string[] {
    return [...this.tokens.keys(), ...this.counted.keys()]
  }

  /** The token that is counted down. */
  get shared(): string | undefined {
    return this.counted.keys().next().value
  }

  /** Takes one line; one of another kind is passed over. */
  tell(line: string, now = Date.now()): void {
    const [verb, lane = '', ...words] = line.split(' ')
    this.lines.push(line)
    if (verb === 'will') this.will(lane, words)
    else if (verb === 'did') this.did(lane, words, { earliest: this.began, latest: now })
    else if (verb === 'failed') this.failed(lane, words[0])
    else if (verb === 'shared') this.share(lane, Number(words[0]))
  }

  /** A process is started that will answer: nothing is older than this. */
  begin(now = Date.now()): void {
    this.began = now
  }

  /** A process has looked at all tokens. */
  endLook(): void {
    this.looks++
  }

  /** A process was killed: what it had in flight may have been carried out or not. */
  endOf(isIts: (lane: string) => boolean): void {
    for (const [lane, flight] of this.lanes) {
      if (!isIts(lane)) continue
      this.killedInFlight++
      this.drop(flight, true)
    }
  }

  /** Tokens that may live and belong to nobody who does. */
  orphans(lives: (lane: string) => boolean, most: number): string[] {
    const found: string[] = []
    for (const [token, { states, owner }] of this.tokens) {
      if (found.length === most) break
      if (!states.includes('gone') && !states[0]?.startsWith('until') && !lives(owner)) {
        found.push(token)
      }
    }
    return found
  }

  /** Gives tokens to a process. */
  adopt(tokens: string[], owner: string): void {
    for (const token of tokens) (this.tokens.get(token) as Told).owner = owner
  }

  private will(lane: string, [verb = '', ...words]: string[]): void {
    const state = verb === 'brief' ? `until ${words[0]}` : words.join(' ')
    if (verb === 'create' || verb === 'brief') this.lanes.set(lane, { lane, verb, state })
    else this.begins(lane, verb as Operation['verb'], words)
  }

  private begins(lane: string, verb: Operation['verb'], [token = '', name, reads]: string[]): void {
    const flight = {
      verb,
      name,
      reads,
      lane,
      token,
      look: this.looks,
      isDone: false,
      isDead: false,
    }
    this.lanes.set(lane, flight)
    const counted = this.counted.get(token)
    if (counted !== undefined) counted.inFlight++
    else this.tokens.get(token)?.flights.push(flight)
  }

  private did(lane: string, words: string[], at: Moment): void {
    const flight = this.lanes.get(lane) as Flight | Creation
    if (lane === LOOK) this.looked++
    else this.acknowledged++
    if (!('token' in flight)) this.created(flight, words)
    else if (this.counted.has(flight.token)) this.countedDown(flight, words)
    else this.answered(flight, words.join(' '), at)
    this.lanes.delete(lane)
  }

  private created({ lane, state }: Creation, [token = '', ...rest]: string[]): void {
    const known = this.tokens.get(token)
    if (known !== undefined) this.find('changed', token, known.states.join(' or '), 'created again')
    this.tokens.set(token, { states: [[state, ...rest].join(' ')], flights: [], owner: lane })
  }

  private answered(flight: Flight, answer: string, at: Moment): void {
    const told = this.tokens.get(flight.token) as Told
    told.flights = told.flights.filter((other) => other !== flight)
    // What a client that lives has under way may have been carried out before a look, or will be.
    const possible = outcomes(
      told.flights.filter(({ isDone }) => !isDone),
      told.states,
    )
    const fits = ({ states }: Outcome) =>
      states.filter((state) => mayAnswer(flight, state, answer, at))
    const first = possible.find((outcome) => fits(outcome).length > 0)
    const fitting = possible.filter((outcome) => livesOf(outcome) === livesOf(first)).flatMap(fits)
    if (flight.isDone || first === undefined) {
      const found = `${flight.lane}: ${flight.verb}${flight.isDone ? ' again' : ''}, ${answer}`
      const states = possible.flatMap((outcome) => outcome.states)
      this.find(kindOf(states, flight, answer, at), flight.token, tell(told), found)
    }
    for (const other of (first ?? possible.at(-1))?.done ?? []) other.isDone = true
    told.flights = told.flights.filter(({ isDead }) => !isDead)
    const states = fitting.map((state) => settle(after(flight, state), answer))
    told.states = fitting.length === 0 ? ['gone'] : [...new Set(states)]
  }

  private failed(lane: string, code = ''): void {
    const flight = this.lanes.get(lane)
    if (flight === undefined) return
    if (code === UNKNOWN) this.unknown++
    else if (!NEVER.includes(code)) this.find('changed', '-', flight.verb, code)
    else if ('isDone' in flight && flight.isDone) this.find('revived', flight.token, code, 'done')
    const isDecided = 'look' in flight && flight.look < this.looks
    this.drop(flight, code === UNKNOWN && !isDecided)
  }

  /** Takes an operation away that will not be answered. */
  private drop(flight: Flight | Creation, mayBeDone: boolean): void {
    this.lanes.delete(flight.lane)
    if (!('token' in flight)) return
    const counted = this.counted.get(flight.token)
    if (counted !== undefined) {
      counted.inFlight--
      if (mayBeDone) counted.undecided++
    }
    const told = this.tokens.get(flight.token)
    if (told === undefined) return
    if (mayBeDone && !flight.isDone) flight.isDead = true
    else told.flights = told.flights.filter((other) => other !== flight)
    if (!told.flights.every(({ isDead }) => isDead)) return
    const possible = outcomes(told.flights, told.states).flatMap(({ states }) => states)
    Object.assign(told, { states: [...new Set(possible)], flights: [] })
  }

  private share(token: string, start: number): void {
    this.counted.set(token, { start, left: new Set(), inFlight: 0, undecided: 0 })
  }

  private countedDown({ lane, token }: Flight, [name, text]: string[]): void {
    const counted = this.counted.get(token) as Counted
    counted.inFlight--
    const kind = judge(counted, name === 'gone' ? undefined : Number(text), lane === LOOK)
    const { start, left, inFlight, undecided } = counted
    const told = `${left.size} reads of ${start}, then at most ${inFlight + undecided}`
    if (kind !== undefined) this.find(kind, token, told, `${lane}: ${name} ${text}`)
    left.add(Number(text))
    if (lane === LOOK)
      Object.assign(counted, { start: Number(text), left: new Set(), undecided: 0 })
  }

  private find(kind: Finding['kind'], token: string, told: string, found: string): void {
    this.findings.push({ kind, token, told, found })
  }
}

/** Which operations in flight were carried out, and the states that a token may have then. */
interface Outcome {
  readonly done: readonly Flight[]
  readonly states: readonly string[]
}

/** Each way in which operations may have been carried out, in their order; first none of them. */
function outcomes(flights: readonly Flight[], states: readonly string[]): Outcome[] {
  const withIt = (flight: Flight) => (outcome: Outcome) => ({
    done: [...outcome.done, flight],
    states: outcome.states.map((state) => after(flight, state)),
  })
  return flights.reduce<Outcome[]>(
    (all, flight) => all.concat(all.map(withIt(flight))),
    [{ done: [], states }],
  )
}

/** How many operations of lanes that live an outcome takes for carried out: there is one at most. */
function livesOf(outcome: Outcome | undefined): number {
  return outcome?.done.filter(({ isDead }) => !isDead).length ?? -1
}

/** What is wrong with a read that left so many; a look knows how many there were at least. */
function judge(counted: Counted, reads: number | undefined, isLook: boolean) {
  const { start, left, inFlight, undecided } = counted
  if (reads === undefined) return 'lost'
  const taken = start - reads - 1
  if (taken < 0 || (isLook && taken < left.size)) return 'revived'
  const isTwice = left.has(reads) || (isLook && taken > left.size + inFlight + undecided)
  return isTwice ? 'changed' : undefined
}

/** Of a token that expires soon an answer may tell whether it has. */
function settle(state: string, answer: string): string {
  return state.startsWith('until') && answer === 'gone' ? 'gone' : state
}

function tell({ states, flights }: Told): string {
  const verbs = flights.map(({ verb }) => `, ${verb} in flight`)
  return states.join(' or ') + verbs.join('')
}

function kindOf(states: string[], op: Operation, answer: string, at: Moment): Finding['kind'] {
  const found = op.verb === 'read' ? answer !== 'gone' : answer === 'true'
  const alive = states.map((state) => isAlive(state, at))
  if (!found && alive.every((is) => is === true)) return 'lost'
  return found && alive.every((is) => is === false) ? 'revived' : 'changed'
}
