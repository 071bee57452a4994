/**
 * What a token may hold, and what operations make of it, in words: the model that a store is held
 * against.
 *
 * A state is `gone`, `NAME READS` (how many are left, `-` without limit) or `until FROM TO`: it
 * expires at some time between the two, in milliseconds since 1970. NAME ends in the length of the
 * padding that the data has beside it. What a read answers is `gone` or `NAME READS` with the reads
 * that are left after it; of a token that expires soon `brief -`.
 */

/** An operation on one token, in the words of its announcement. */
export interface Operation {
  readonly verb: 'update' | 'delete' | 'read'
  /** Of an update: NAME and READS, where `=` keeps what there is. */
  readonly name?: string | undefined
  readonly reads?: string | undefined
}

/** When an answer was given: not before the one, not after the other. */
export interface Moment {
  readonly earliest: number
  readonly latest: number
}

const GONE = 'gone'
const BRIEF = 'brief -'

/** Whether a state is known to be that of a live token; undefined if only the clock can tell. */
export function isAlive(state: string, { earliest, latest }: Moment): boolean | undefined {
  const [, from, to] = /^until (\d+) (\d+)$/.exec(state) ?? []
  if (from === undefined) return state !== GONE
  if (latest < Number(from)) return true
  return earliest > Number(to) ? false : undefined
}

/** Whether an operation on a state may be answered so. */
export function mayAnswer(op: Operation, state: string, answer: string, at: Moment): boolean {
  const alive = isAlive(state, at)
  const told = op.verb === 'read' ? answer !== GONE : answer === 'true'
  if (alive !== undefined && alive !== told) return false
  return op.verb !== 'read' || !told || answer === answerOf(state)
}

/** What a state becomes by an operation. */
export function after(op: Operation, state: string): string {
  if (state === GONE || op.verb === 'delete') return GONE
  if (op.verb === 'read') return afterRead(state)
  return `${op.name} ${op.reads === '=' ? readsOf(state) : op.reads}`
}

function afterRead(state: string): string {
  if (state.startsWith('until ')) return state
  const answer = answerOf(state)
  return answer.endsWith(' 0') ? GONE : answer
}

/** What a read of a live token answers. */
function answerOf(state: string): string {
  if (state.startsWith('until ')) return BRIEF
  const reads = readsOf(state)
  if (reads === '-') return state
  return `${state.slice(0, state.lastIndexOf(' '))} ${Number(reads) - 1}`
}

function readsOf(state: string): string {
  return state.slice(state.lastIndexOf(' ') + 1)
}
