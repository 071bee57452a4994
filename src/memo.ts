/**
 * Decoded records by token, so that a repeated read needs no decoding. It answers nothing by itself:
 * every read asks the engine, and only its word that the version is still the same makes an entry
 * count. Counted tokens are never put in.
 *
 * Values lie in a few large rows rather than in an object for each record: an entry then takes about
 * 250 bytes instead of 850, and filling the memo gives the garbage collector nothing to move. Rows
 * are filled one after the other and dropped whole, the oldest first.
 *
 * Invariants: the estimated size of everything is at most the budget; what is in here is in its kept
 * form and never handed out.
 */
import type { Shape } from './shapes.js'

/** How many places a row has at most, and at least; with a small budget they are smaller. */
const MOST_PLACES = 16_384
const LEAST_PLACES = 64
/** The rows that a budget is enough for at least. */
const LEAST_ROWS = 4
/** An entry takes this many places before its values: its token, shape, version and bytes. */
const HEAD = 4
/** What a place takes in memory, and an entry beside its places: its part of the index. */
const PLACE_COST = 8
const ENTRY_COST = 48
/**
 * When the memo is full, one in so many newcomers gets in at the cost of the oldest. Were it each of
 * them, going round more tokens than fit would throw out every one just before its turn.
 */
const ADMITTED = 8

/** Entries that were put in one after the other. */
class Row {
  readonly places: unknown[]
  filled = 0
  cost: number

  constructor(size: number) {
    this.places = new Array(size)
    this.cost = size * PLACE_COST
  }
}

/** A memo with a budget in bytes. With one of less than some KiB it remembers nothing. */
export class Memo {
  /** What the last successful `find` found: version, shape, and where in a row the values begin. */
  version = 0
  shape: Shape | undefined
  row: readonly unknown[] = []
  from = 0

  /** Where each token's entry is: the number of its row times MOST_PLACES plus the place in it. */
  private readonly index = new Map<string, number>()
  private readonly rows: Row[] = []
  private readonly budget: number
  private readonly rowSize: number
  /** The number of the oldest row. */
  private oldest = 0
  private used = 0
  private turnedAway = 0

  constructor(budget: number) {
    const fitting = Math.floor(budget / LEAST_ROWS / (PLACE_COST * 2))
    this.rowSize = fitting < LEAST_PLACES ? 0 : Math.min(fitting, MOST_PLACES)
    this.budget = budget
  }

  /** The estimated bytes that everything takes. */
  get bytes(): number {
    return this.used
  }

  /** Whether a newcomer would be let in now; counts as one that asked. */
  admits(): boolean {
    if (this.used + this.rowSize * PLACE_COST <= this.budget) return this.rowSize !== 0
    this.turnedAway = (this.turnedAway + 1) % ADMITTED
    return this.turnedAway === 0 && this.rowSize !== 0
  }

  /** Whether a token is remembered, of whatever version: then the fields above tell of it. */
  find(token: string): boolean {
    const entry = this.index.get(token)
    if (entry === undefined) return false
    const { places } = this.rowOf(entry)
    const place = entry % MOST_PLACES
    this.shape = places[place + 1] as Shape
    this.version = places[place + 2] as number
    this.row = places
    this.from = place + HEAD
    return true
  }

  /**
   * Remembers a record in the place of what was known of its token.
   * @param bytes how many bytes of memory its values take beside their places, about
   */
  set(
    token: string,
    version: number,
    shape: Shape,
    values: readonly unknown[],
    bytes: number,
  ): void {
    const entry = this.index.get(token)
    const row = entry === undefined ? undefined : this.rowOf(entry)
    const place = entry === undefined ? 0 : entry % MOST_PLACES
    if (row === undefined || row.places[place + 1] !== shape) {
      this.add(token, version, shape, values, bytes)
    } else {
      this.charge(row, bytes - (row.places[place + 3] as number))
      write(row.places, place, token, version, bytes, shape, values)
      this.keepBudget()
    }
  }

  /** Remembers a token anew, without looking whether something was known of it. */
  add(
    token: string,
    version: number,
    shape: Shape,
    values: readonly unknown[],
    bytes: number,
  ): void {
    const size = HEAD + shape.width
    if (size > this.rowSize) {
      this.delete(token)
      return
    }
    const row = this.rowFor(size)
    const place = row.filled
    write(row.places, place, token, version, bytes, shape, values)
    row.filled = place + size
    this.charge(row, ENTRY_COST + bytes)
    this.index.set(token, (this.oldest + this.rows.length - 1) * MOST_PLACES + place)
    this.keepBudget()
  }

  /** Forgets a token; the room it took is free again when its row is dropped. */
  delete(token: string): void {
    this.index.delete(token)
  }

  /** Forgets everything. */
  clear(): void {
    this.index.clear()
    while (this.rows.length > 0) this.dropOldest()
  }

  private rowOf(entry: number): Row {
    return this.rows[Math.floor(entry / MOST_PLACES) - this.oldest] as Row
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
    const { places, filled, cost } = this.rows.shift() as Row
    const first = this.oldest * MOST_PLACES
    this.oldest++
    this.used -= cost
    for (let place = 0; place < filled; place += HEAD + (places[place + 1] as Shape).width) {
      const token = places[place] as string
      if (this.index.get(token) === first + place) this.index.delete(token)
    }
  }
}

function write(
  places: unknown[],
  place: number,
  token: string,
  version: number,
  bytes: number,
  shape: Shape,
  values: readonly unknown[],
): void {
  places[place] = token
  places[place + 1] = shape
  places[place + 2] = version
  places[place + 3] = bytes
  for (let i = 0; i < shape.width; i++) places[place + HEAD + i] = values[i]
}
