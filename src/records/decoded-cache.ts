/**
 * Decoded records, so that a repeated read decodes nothing. The cache has no index: the engine knows in
 * which slot a token's record is cached and at which version, and a slot counts only while the engine
 * confirms that version. Counted tokens are never cached.
 *
 * Entries are appended to rows, large flat arrays, rather than being objects, and consist of the values
 * that the records of their shape do not share (see shared-values.ts): an entry takes 24 to 150 bytes
 * instead of 850, and the garbage collector has nothing to move. Rows are evicted whole, the oldest first.
 *
 * Invariants: the estimated size of everything is at most the budget; cached values are frozen (see
 * frozen-value.ts) and never handed out; the engine learns of an evicted row before anything else is read.
 */

import { NO_SLOT } from '../engine/native.js'
import type { PackedImage, Shape } from '../msgpack/shapes/index.js'
import { PLACE_COST, type SharedValues, sharedValuesFor, sharedValuesOf } from './shared-values.js'

/** The most and the fewest places of a row: each row has twice as many as the one before. */
const PLACE_BITS = 14
const MAX_PLACES = 1 << PLACE_BITS
const MIN_PLACES = 64
/** The budget suffices for so many rows at least. */
const MIN_ROWS = 4
/** The places of an entry before its values: its shared values and its cost. */
const HEAD = 2
/** Bytes of the budget for each token, and how many of them the engine takes. */
const TOKEN_BUDGET = 256
const TOKEN_COST = 48
/**
 * When the cache is full, one newcomer in so many is admitted and evicts the oldest row. If all were,
 * reading in turn more tokens than fit would evict each of them just before its next read.
 */
const ADMIT_EVERY = 8

/** By how many bytes the size must change to be told. */
const TOLD_CHANGE = 64 << 10

/** How many tokens the engine tracks for a cache with a budget in bytes. */
export function tokensWithin(budget: number): number {
  return Math.floor(budget / TOKEN_BUDGET)
}

/**
 * The number of a slot's row and its place in it, from the lower and upper 32 bits of the slot: the
 * remainder of a larger number would take longer than everything else.
 */
function rowOf(low: number, high: number): number {
  return high * (0x100000000 / MAX_PLACES) + (low >>> PLACE_BITS)
}
function placeOf(low: number): number {
  return low & (MAX_PLACES - 1)
}

/** Entries that were added one after the other. */
class Row {
  readonly places: unknown[]
  filled = 0
  cost: number

  constructor(size: number) {
    this.places = new Array(size)
    // An array of the elements kind for objects from the start: V8 deoptimizes at any other kind.
    this.places[0] = this
    this.cost = size * PLACE_COST
  }
}

/** A cache with a budget in bytes. With less than some KiB it caches nothing. */
export class DecodedCache {
  private readonly rows: Row[] = []
  private readonly budget: number
  private readonly rowSize: number
  /** When a row costs so much, the next one is begun. */
  private readonly rowBudget: number
  private readonly forgetBelow: (slot: number) => void
  /** The number of the oldest row. */
  private oldest = 0
  private used: number
  private rejected = 0
  /** Who is told of the size, and the last size told. */
  private tell: (bytes: number) => void = () => {}
  private told = Number.NaN

  /** @param forgetBelow is called when nothing is cached any more in the slots below one */
  constructor(budget: number, forgetBelow: (slot: number) => void) {
    this.budget = budget
    this.used = tokensWithin(budget) * TOKEN_COST
    this.rowBudget = (budget - this.used) / MIN_ROWS
    const fitting = Math.floor(this.rowBudget / (PLACE_COST * 2))
    this.rowSize = fitting < MIN_PLACES ? 0 : Math.min(fitting, MAX_PLACES)
    this.forgetBelow = forgetBelow
  }

  /** The estimated bytes that everything takes. */
  get bytes(): number {
    return this.used
  }

  /** Tells the size to one listener, now and whenever it has changed by much. */
  tellBytes(listener: (bytes: number) => void): void {
    this.tell = listener
    this.told = this.used
    listener(this.used)
  }

  /** Whether a newcomer evicts nothing. */
  get hasRoom(): boolean {
    const evicted = this.rows[0]?.cost ?? 0
    const wanted = Math.max(evicted, this.rowSize * PLACE_COST)
    return this.used + wanted <= this.budget
  }

  /** Whether a newcomer is admitted now; counts the rejected ones. */
  private admits(): boolean {
    if (this.hasRoom) return this.rowSize !== 0
    this.rejected = (this.rejected + 1) % ADMIT_EVERY
    return this.rejected === 0 && this.rowSize !== 0
  }

  /** The caller's own copy of the data in a slot that was not evicted, given by its halves. */
  data(low: number, high: number): Record<string, unknown> {
    const { places } = this.row(rowOf(low, high))
    const place = placeOf(low)
    return (places[place] as SharedValues).build(places, place + HEAD)
  }

  /**
   * Adds a record.
   * @param bytes of memory that its values take beside their places, about
   * @returns its slot; NO_SLOT if it is rejected
   */
  add(shape: Shape, values: readonly unknown[], bytes: number): number {
    return this.addWith(sharedValuesFor(shape, values), values, bytes)
  }

  /** The same, in the slot of an older version if that shares the same values. */
  replace(
    low: number,
    high: number,
    shape: Shape,
    values: readonly unknown[],
    bytes: number,
  ): number {
    const row = this.row(rowOf(low, high))
    const place = placeOf(low)
    const { places } = row
    const shared = sharedValuesFor(shape, values)
    if (places[place] !== shared) return this.addWith(shared, values, bytes)
    const cost = bytes + shared.cost
    this.charge(row, cost - (places[place + 1] as number))
    places[place + 1] = cost
    shared.put(values, places, place + HEAD)
    this.keepBudget()
    return high * 0x100000000 + low
  }

  private addWith(shared: SharedValues, values: readonly unknown[], bytes: number): number {
    const slot = this.reserve(shared.width)
    if (slot !== NO_SLOT) this.append(shared, values, bytes)
    return slot
  }

  /**
   * Reserves a slot for a newcomer. Nothing is cached until `fill` is called; until then any number of
   * others may be reserved instead.
   * @param width how many values it has at most
   * @returns the slot; NO_SLOT if the newcomer is rejected
   */
  reserve(width: number): number {
    const size = HEAD + width
    if (!this.admits() || size > this.rowSize) return NO_SLOT
    const row = this.rowFor(size)
    return (this.oldest + this.rows.length - 1) * MAX_PLACES + row.filled
  }

  /** Adds a record in the slot that was reserved. */
  fill(shape: Shape, values: readonly unknown[], bytes: number): void {
    this.append(sharedValuesFor(shape, values), values, bytes)
  }

  /** The same with the record that was just encoded into an image. */
  fillFrom(image: PackedImage): void {
    this.append(sharedValuesOf(image), image.values, image.taken)
  }

  private append(shared: SharedValues, values: readonly unknown[], bytes: number): void {
    const row = this.rows[this.rows.length - 1] as Row
    const { places, filled } = row
    const cost = bytes + shared.cost
    places[filled] = shared
    places[filled + 1] = cost
    shared.put(values, places, filled + HEAD)
    row.filled = filled + HEAD + shared.width
    this.charge(row, cost)
    this.keepBudget()
  }

  /** Evicts everything. */
  clear(): void {
    while (this.rows.length > 0) this.evictOldest()
  }

  private row(number: number): Row {
    return this.rows[number - this.oldest] as Row
  }

  private charge(row: Row, bytes: number): void {
    row.cost += bytes
    this.use(bytes)
  }

  private use(bytes: number): void {
    this.used += bytes
    if (Math.abs(this.used - this.told) > TOLD_CHANGE) {
      this.told = this.used
      this.tell(this.used)
    }
  }

  private rowFor(size: number): Row {
    const last = this.rows[this.rows.length - 1]
    if (last !== undefined && this.fits(last, size)) return last
    const grown = last === undefined ? MIN_PLACES : 2 * last.places.length
    const row = new Row(Math.min(this.rowSize, Math.max(size, grown)))
    this.use(row.cost)
    this.rows.push(row)
    return row
  }

  private fits(row: Row, size: number): boolean {
    return row.filled + size <= row.places.length && row.cost < this.rowBudget
  }

  private keepBudget(): void {
    while (this.used > this.budget && this.rows.length > 1) this.evictOldest()
  }

  private evictOldest(): void {
    this.use(-(this.rows.shift() as Row).cost)
    this.oldest++
    this.forgetBelow(this.oldest * MAX_PLACES)
  }
}
