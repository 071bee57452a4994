/**
 * The kept form of data, taken down while it is packed: a record that was just created can then be
 * remembered for its first read without decoding it (400 ns).
 *
 * Only plain data is recorded: text, numbers, booleans, null and plain objects of them; anything else
 * makes the recording void. The keys lead step by step through a tree of all outlines seen before,
 * to the shape at its end. Invariants: what is recorded is what decoding the packed bytes would give;
 * text that could be part of a larger one in the caller's memory is copied; the tree has a bounded
 * number of steps.
 */
import * as scratch from './scratch.js'
import { recognisable, type Shape } from './shapes.js'
import * as shortText from './short-text.js'

// Constants of this module are built into the machine code; those of another one are looked up
// in its exports each time.
const { bytes } = scratch
const { bytesOfTexts, readShortText, SHORT_TEXT } = shortText

/** Between the key of an object and its first key, and behind its last one. */
const OPEN = Symbol('open')
const CLOSE = Symbol('close')
type Mark = string | typeof OPEN | typeof CLOSE

/** The most values of a recording, and steps of the tree. */
const MAX_VALUES = 128
const MAX_STEPS = 4096
/** V8 makes text of up to so many characters always whole, never as a part of or two parts of others. */
const ALWAYS_WHOLE = 12
/** What a text takes in memory beside its characters. */
const TEXT_COST = 16

/** How far the keys have led. */
class Step {
  readonly mark: Mark
  readonly before: Step | undefined
  /** Where the keys led the last time, and all other ways. */
  next: Step | undefined = undefined
  readonly others = new Map<Mark, Step>()
  /** The shape of data that ends here; null if it has none; undefined: not looked for yet. */
  shape: Shape | null | undefined = undefined

  constructor(mark: Mark, before: Step | undefined) {
    this.mark = mark
    this.before = before
  }
}

const root = new Step('', undefined)
/** Where all recordings are that are void. */
const nowhere = new Step('', undefined)
const row: unknown[] = new Array(MAX_VALUES).fill(undefined)

let steps = 0
let step = nowhere
let count = 0
let taken = 0
let textsBefore = 0

/** Begins a recording. */
export function begin(): void {
  step = root
  count = 0
  taken = 0
  textsBefore = bytesOfTexts()
}

/** Makes the recording void. */
export function giveUp(): void {
  step = nowhere
}

/** Whether there is a recording that is not void. */
export function isOn(): boolean {
  return step !== nowhere
}

/** Records a key with a value that is neither text nor an object. */
export function recordValue(key: string, value: number | boolean | null): void {
  go(key)
  put(value)
}

/** Records a key with text that stands, packed, at a stretch of the scratch buffer. */
export function recordText(key: string, text: string, start: number, end: number): void {
  go(key)
  const { length } = text
  if (length <= ALWAYS_WHOLE && end - start === length + 1) {
    taken += TEXT_COST + length
    put(text)
  } else put(copyOf(start, end))
}

/** Records a key with an object, whose entries follow up to `close`. */
export function recordOpen(key: string): void {
  go(key)
  go(OPEN)
}

/** Ends what `recordOpen` began. */
export function recordClose(): void {
  go(CLOSE)
}

/** What was recorded: the shape of `recordedRow`; undefined if the recording is void. */
export function recordedShape(): Shape | undefined {
  if (step === nowhere || step === root) return undefined
  if (step.shape === undefined) step.shape = shapeOf(step)
  return step.shape ?? undefined
}

/** The row of values that was recorded last; more may stand behind them. */
export const recordedRow: readonly unknown[] = row

/** How many bytes of memory the recorded values take, about. */
export function recordedBytes(): number {
  return taken + bytesOfTexts() - textsBefore
}

function put(value: unknown): void {
  if (count === MAX_VALUES) giveUp()
  else row[count++] = value
}

function go(mark: Mark): void {
  const { next } = step
  step = next !== undefined && next.mark === mark ? next : turn(step, mark)
}

/** Another way than the last time. */
function turn(from: Step, mark: Mark): Step {
  if (from === nowhere) return nowhere
  const to = from.others.get(mark) ?? grow(from, mark)
  if (to !== nowhere) from.next = to
  return to
}

function grow(from: Step, mark: Mark): Step {
  const isKey = typeof mark === 'string'
  if (steps === MAX_STEPS || (isKey && Buffer.from(mark).toString() !== mark)) return nowhere
  steps++
  const to = new Step(mark, from)
  from.others.set(mark, to)
  return to
}

function copyOf(start: number, end: number): string {
  const header = headerOf(start)
  const length = end - start - header
  const short =
    length > 0 && length <= SHORT_TEXT ? readShortText(start + header, length) : undefined
  if (short !== undefined) return short
  taken += TEXT_COST + 2 * length
  return bytes.toString('utf8', start + header, end)
}

/** How many bytes the header of packed text takes. */
function headerOf(start: number): number {
  const code = bytes[start] as number
  return code < 0xc0 ? 1 : code - 0xd7 + (code === 0xdb ? 1 : 0)
}

function shapeOf(end: Step): Shape | null {
  const marks: Mark[] = []
  for (let one: Step = end; one.before !== undefined; one = one.before) marks.push(one.mark)
  return nextShape(marks) ?? null
}

/** The shape of the marks at the end of a list, up to a closing one; takes them off. */
function nextShape(marks: Mark[]): Shape | undefined {
  const keys: string[] = []
  const inner: (Shape | undefined)[] = []
  let isGood = true
  for (let mark = marks.pop(); mark !== undefined && mark !== CLOSE; mark = marks.pop()) {
    keys.push(mark as string)
    if (marks.at(-1) !== OPEN) {
      inner.push(undefined)
    } else {
      marks.pop()
      const shape = nextShape(marks)
      isGood &&= shape !== undefined
      inner.push(shape)
    }
  }
  return isGood ? recognisable(keys, inner) : undefined
}
