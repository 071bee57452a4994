/**
 * Decoded records, so that a repeated read needs no decoding. It has no index: the engine knows in
 * which slot a token's record is kept and of which version, and only its word that the version is
 * still the same makes a slot count. Counted tokens are never put in.
 *
 * Values lie in a few large rows rather than in an object for each record, and only those that the
 * records of its shape do not have in common (see shared-values.ts): an entry then takes 24 to 150 bytes
 * instead of 850, and filling the memo gives the garbage collector nothing to move. Rows are filled one
 * after the other and dropped whole, the oldest first.
 *
 * Invariants: the estimated size of everything is at most the budget; what is in here is in its kept
 * form and never handed out; the engine is told of a dropped row before anything else is read.
 */

import { NO_SLOT } from '../engine/native.js'
import { thaw } from '../msgpack/frozen-value.js'
import { PLACE_COST, type SharedValues } from '../msgpack/shapes/shared-values.js'

/** How many places a row has at most, and at least: each has twice as many as the one before. */
const PLACE_BITS = 14
const MOST_PLACES = 1 << PLACE_BITS
const LEAST_PLACES = 64
/** The rows that a budget is enough for at least. */
const LEAST_ROWS = 4
/** An entry takes this many places before its values: its pattern and bytes. */
const HEAD = 2
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

/**
 * The number of the row that a slot is in, and its place there, by its lower and upper 32 bits: a
 * remainder of a larger number takes longer than all the rest.
 */
export function rowOf(low: number, high: number): number {
  return high * (0x100000000 / MOST_PLACES) + (low >>> PLACE_BITS)
}
export function placeOf(low: number): number {
  return low & (MOST_PLACES - 1)
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
export class DecodedCache {
  private readonly rows: Row[] = []
  private readonly budget: number
  private readonly rowSize: number
  /** What a row may cost; then the next one is begun. */
  private readonly rowBudget: number
  private readonly forgetBelow: (slot: number) => void
  /** The number of the oldest row. */
  private oldest = 0
  private used: number
  private turnedAway = 0

  /** @param forgetBelow is told when nothing is kept any more in the slots below one */
  constructor(budget: number, forgetBelow: (slot: number) => void) {
    this.budget = budget
    this.used = tokensWithin(budget) * TOKEN_COST
    this.rowBudget = (budget - this.used) / LEAST_ROWS
    const fitting = Math.floor(this.rowBudget / (PLACE_COST * 2))
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
    const dropped = this.rows[0]?.cost ?? 0
    const wanted = Math.max(dropped, this.rowSize * PLACE_COST)
    if (this.used + wanted <= this.budget) return this.rowSize !== 0
    this.turnedAway = (this.turnedAway + 1) % ADMITTED
    return this.turnedAway === 0 && this.rowSize !== 0
  }

  /** The caller's own copy of the data in a slot that was not dropped. */
  data(row: number, place: number): Record<string, unknown> {
    const { places } = this.row(row)
    return (places[place] as SharedValues).make(places, place + HEAD, thaw)
  }

  /**
   * Puts a record in the place of an older one of the same pattern.
   * @param bytes how many bytes of memory its values take beside their places, about
   * @returns whether the pattern was the same; if not, nothing was done
   */
  replace(
    row: number,
    place: number,
    pattern: SharedValues,
    values: readonly unknown[],
    bytes: number,
  ): boolean {
    const found = this.row(row)
    const { places } = found
    if (places[place] !== pattern) return false
    const cost = bytes + pattern.cost
    this.charge(found, cost - (places[place + 1] as number))
    places[place + 1] = cost
    pattern.put(values, places, place + HEAD)
    this.keepBudget()
    return true
  }

  /**
   * Reserves a slot for a newcomer. It counts once `fill` is called, and until then any number of
   * others may be reserved instead.
   * @param most how many values it has at most
   * @returns the slot; NO_SLOT if the newcomer is turned away
   */
  reserve(most: number): number {
    const size = HEAD + most
    if (!this.admits() || size > this.rowSize) return NO_SLOT
    const row = this.rowFor(size)
    return (this.oldest + this.rows.length - 1) * MOST_PLACES + row.filled
  }

  /**
   * Puts a record into the slot that was reserved.
   * @param values all of it, of which its own are kept
   * @param bytes as for `replace`
   */
  fill(pattern: SharedValues, values: readonly unknown[], bytes: number): void {
    const row = this.rows[this.rows.length - 1] as Row
    const { places, filled } = row
    const cost = bytes + pattern.cost
    places[filled] = pattern
    places[filled + 1] = cost
    pattern.put(values, places, filled + HEAD)
    row.filled = filled + HEAD + pattern.width
    this.charge(row, cost)
    this.keepBudget()
  }

  /** Forgets everything. */
  clear(): void {
    while (this.rows.length > 0) this.dropOldest()
  }

  private row(number: number): Row {
    return this.rows[number - this.oldest] as Row
  }

  private charge(row: Row, bytes: number): void {
    row.cost += bytes
    this.used += bytes
  }

  private rowFor(size: number): Row {
    const last = this.rows[this.rows.length - 1]
    if (last !== undefined && this.hasRoom(last, size)) return last
    const grown = last === undefined ? LEAST_PLACES : 2 * last.places.length
    const row = new Row(Math.min(this.rowSize, Math.max(size, grown)))
    this.used += row.cost
    this.rows.push(row)
    return row
  }

  private hasRoom(row: Row, size: number): boolean {
    return row.filled + size <= row.places.length && row.cost < this.rowBudget
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
