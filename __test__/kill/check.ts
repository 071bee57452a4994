/** Holds what a store gives against what a log says, and finds what was lost, revived or changed. */
import type { Session } from 'crudjt'
import type { Counted, Log, Told } from './log.js'

/** One token that is not as it was acknowledged. */
export interface Finding {
  /** `lost`: alive in the log, not in the store; `revived`: the reverse; `changed`: another state. */
  readonly kind: 'lost' | 'revived' | 'changed'
  readonly token: string
  /** What was acknowledged, and what was in flight. */
  readonly told: string
  /** The state that the store gave. */
  readonly found: string
}

type Read = (token: string) => Session | null

/**
 * Reads every token of the log once. The log is left as the store is after that, so that a later
 * check can go on from there.
 */
export function check(log: Log, read: Read, now = Date.now()): Finding[] {
  const single = [...log.tokens].flatMap(([token, told]) => checkToken(token, told, read, now))
  const shared = [...log.counted].flatMap(([token, counted]) => checkCounted(token, counted, read))
  return [...single, ...shared]
}

function checkToken(token: string, told: Told, read: Read, now: number): Finding[] {
  const { is, will } = told
  const found = stateOf(read(token))
  const agrees = [is, will].some((state) => state !== undefined && isRight(state, found, now))
  if (!is.startsWith('until')) Object.assign(told, { is: afterRead(found), will: undefined })
  return agrees ? [] : [finding(token, is, will, found)]
}

/** Every acknowledged read counts, one in flight may; none was answered to two readers. */
function checkCounted(token: string, counted: Counted, read: Read): Finding[] {
  const { start, left, inFlight } = counted
  const after = Number(read(token)?.metadata?.silence_read ?? Number.NaN)
  Object.assign(counted, { start: after, left: [], inFlight: 0 })
  const taken = start - after - 1
  const told = `${left.length} reads of ${start}, then ${inFlight}`
  const found = { token, told, found: `${taken} reads` }
  if (Number.isNaN(after)) return [{ kind: 'lost', ...found }]
  if (taken < left.length) return [{ kind: 'revived', ...found }]
  const isTwice = new Set(left).size < left.length
  return isTwice || taken > left.length + inFlight ? [{ kind: 'changed', ...found }] : []
}

function isRight(state: string, found: string, now: number): boolean {
  if (!state.startsWith('until ')) return state === found
  return found === 'gone' || now <= Number(state.slice('until '.length))
}

function finding(token: string, is: string, will: string | undefined, found: string): Finding {
  const isAlive = is !== 'gone' && !is.startsWith('until')
  const kind = !isAlive ? 'revived' : found === 'gone' ? 'lost' : 'changed'
  return { kind, token, told: will === undefined ? is : `${is}, then ${will}`, found }
}

/** A session in the words of the log: the reads are those before this one. */
function stateOf(session: Session | null): string {
  if (session === null) return 'gone'
  const { name, pad } = session.data as { name?: string; pad?: string }
  const left = session.metadata?.silence_read
  const whole = pad === ''.padEnd(Number(name?.split('.').at(-1)), name)
  return `${whole ? name : 'damaged data'} ${left === undefined ? '-' : Number(left) + 1}`
}

function afterRead(found: string): string {
  const [, name, reads] = /^(.*) (\d+)$/.exec(found) ?? []
  if (reads === undefined) return found
  return reads === '1' ? 'gone' : `${name} ${Number(reads) - 1}`
}
