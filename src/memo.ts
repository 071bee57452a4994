/**
 * Decoded records, so that a repeated read needs no decoding. It has no index: the engine knows in
 * which slot a token's record is kept and of which version, and only its word that the version is
 * still the same makes a slot count. Counted tokens are never put in.
 *
 * Values lie in a few large rows rather than in an object for each record: an entry then takes about
 * 150 bytes instead of 850, and filling the memo gives the garbage collector nothing to move. Rows
 * are filled one after the other and dropped whole, the oldest first.
 *
 * Invariants: the estimated size of everything is at most the budget; what is in here is in its kept
 * form and never handed out; the engine is told of a dropped row before anything else is read.
 */
import { NO_SLOT } from './native.js'
import type { Shape } from './shapes.js'

/** How many places a row has at most, and at least; with a small budget they are smaller. */
const MOST_PLACES = 16_384
const LEAST_PLACES = 64
/** The rows that a budget is enough for at least. */
const LEAST_ROWS = 4
/** An entry takes this many places before its values: its shape and bytes. */
const HEAD = 2
/** What a place takes in memory. */
const PLACE_COST = 8
/** A token is reckoned to take so many bytes of the budget, of which so many in the engine. */
const TOKEN_BUDGET = 256
const TOKEN_COST = 48
/**
 * When the memo is full, one in so many newcomers gets in at the cost of the oldest. Were it each of
 * them, going round more tokens than fit would throw out every one just before its turn.
 */
const ADMITTED = 8

/** How many tokens the engine is to know about for a memo with a budget in bytes. */
export function tokensWithin(budget: number): number {
  return Math.floor(budget / TOKEN_BUDGET)
}

/** Entries that were put in one after the other. */
class Row {
  readonly places: unknown[]
  filled = 0
  cost: number

  constructor(size: number) {
    this.places = new Array(size)
    // From the start an array of the kind that holds objects: V8 throws machine code away when it
    // meets another kind.
    this.places[0] = this
    this.cost = size * PLACE_COST
  }
}

/** A memo with a budget in bytes. With one of less than some KiB it remembers nothing. */
export class Memo {
  /** What `find` found or `reserve` reserved: where in a row the values begin. */
  row: unknown[] = []
  from = 0
  /** What `find` found: their shape. */
  shape: Shape | undefined

  private readonly rows: Row[] = []
  private readonly budget: number
  private readonly rowSize: number
  private readonly forgetBelow: (slot: number) => void
  /** The number of the oldest row. */
  private oldest = 0
  private used: number
  private turnedAway = 0

  /** @param forgetBelow is told when nothing is kept any more in the slots below one */
  constructor(budget: number, forgetBelow: (slot: number) => void) {
    this.budget = budget
    this.used = tokensWithin(budget) * TOKEN_COST
    const fitting = Math.floor((budget - this.used) / LEAST_ROWS / (PLACE_COST * 2))
    this.rowSize = fitting < LEAST_PLACES ? 0 : Math.min(fitting, MOST_PLACES)
    this.forgetBelow = forgetBelow
    // Changed before anything is compiled: what has only ever been 0 becomes a part of machine code,
    // which is thrown away when it changes.
    this.oldest++
    this.oldest = 0
  }

  /** The estimated bytes that everything takes. */
  get bytes(): number {
    return this.used
  }

  /** Whether a newcomer is let in now; counts as one that asked. */
  private admits(): boolean {
    if (this.used + this.rowSize * PLACE_COST <= this.budget) return this.rowSize !== 0
    this.turnedAway = (this.turnedAway + 1) % ADMITTED
    return this.turnedAway === 0 && this.rowSize !== 0
  }

  /**
   * Looks up a slot that was not dropped, by its lower and upper 32 bits: the fields above then
   * tell of it. In halves, because a remainder of a larger number takes longer than all the rest.
   */
  find(low: number, high: number): void {
    const place = low % MOST_PLACES
    this.row = this.rowOf(low, high).places
    this.shape = this.row[place] as Shape
    this.from = place + HEAD
  }

  /**
   * Puts a record in the place of an older one of the same shape.
   * @param bytes how many bytes of memory its values take beside their places, about
   * @returns whether the shape was the same; if not, nothing was done
   */
  replace(
    low: number,
    high: number,
    shape: Shape,
    values: readonly unknown[],
    bytes: number,
  ): boolean {
    const row = this.rowOf(low, high)
    const place = low % MOST_PLACES
    if (row.places[place] !== shape) return false
    this.charge(row, bytes - (row.places[place + 1] as number))
    row.places[place + 1] = bytes
    for (let i = 0; i < shape.width; i++) row.places[place + HEAD + i] = values[i]
    this.keepBudget()
    return true
  }

  /**
   * Reserves a slot for a newcomer: the fields above tell where its values go. It counts once
   * `seal` or `fill` is called, and until then any number of others may be reserved instead.
   * @param most how many values it has at most
   * @returns the slot; NO_SLOT if the newcomer is turned away
   */
  reserve(most: number): number {
    const size = HEAD + most
    if (!this.admits() || size > this.rowSize) return NO_SLOT
    const row = this.rowFor(size)
    this.row = row.places
    this.from = row.filled + HEAD
    return (this.oldest + this.rows.length - 1) * MOST_PLACES + row.filled
  }

  /**
   * Ends what `reserve` began: the values are in their places.
   * @param bytes as for `replace`
   */
  seal(shape: Shape, bytes: number): void {
    const row = this.rows[this.rows.length - 1] as Row
    row.places[row.filled] = shape
    row.places[row.filled + 1] = bytes
    row.filled += HEAD + shape.width
    this.charge(row, bytes)
    this.keepBudget()
  }

  /** Puts values into their places and ends what `reserve` began. */
  fill(shape: Shape, values: readonly unknown[], bytes: number): void {
    const { row, from } = this
    for (let i = 0; i < shape.width; i++) row[from + i] = values[i]
    this.seal(shape, bytes)
  }

  /** Forgets everything. */
  clear(): void {
    while (this.rows.length > 0) this.dropOldest()
  }

  private rowOf(low: number, high: number): Row {
    const number = high * (0x100000000 / MOST_PLACES) + Math.floor(low / MOST_PLACES)
    return this.rows[number - this.oldest] as Row
  }

  private charge(row: Row, bytes: number): void {
    row.cost += bytes
    this.used += bytes
  }

  private rowFor(size: number): Row {
    const last = this.rows[this.rows.length - 1]
    if (last !== undefined && last.filled + size <= this.rowSize) return last
    const row = new Row(this.rowSize)
    this.used += row.cost
    this.rows.push(row)
    return row
  }

  private keepBudget(): void {
    while (this.used > this.budget && this.rows.length > 1) this.dropOldest()
  }

  private dropOldest(): void {
    this.used -= (this.rows.shift() as Row).cost
    this.oldest++
    this.forgetBelow(this.oldest * MOST_PLACES)
  }
}
