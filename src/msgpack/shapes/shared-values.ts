/**
 * What the records of one shape have in common. Sessions of one program differ in a few values (an id, a
 * name, a secret); a memo keeps the others once, and of each record only those of its own: an entry of
 * the bench's session takes 24 bytes instead of 136, which is also so much less to write, to read and
 * for V8 to walk over.
 *
 * Invariants: what a pattern has in common never changes; a record that fits it has exactly those
 * values; none of them is an object or a long text; a shape has at most MOST_CHANGES + 2 patterns one
 * after the other: nothing is common at first, then what is in one record, then less and less, and at
 * last nothing.
 */
import {
  buildStepwise,
  callBuilder,
  compileBuilder,
  type ObjectBuilder,
  OWN,
  type Thaw,
  WORTH_COMPILING,
} from './object-builder.js'
import type { Shape } from './shape.js'

/** Of so many kept records each has all values by itself: most shapes do not come again. */
const FAMILIAR = 8
/** So often a pattern may have to be replaced; then nothing is common any more. */
const MOST_CHANGES = 8
/** Longer texts are each record's own: what is common is in nobody's budget. */
const LONGEST_TEXT = 64

/** What a pattern and a shape take in memory, beside three lists as long as they are wide. */
const PATTERN_COST = 200
/** What a place in a row takes in memory. */
export const PLACE_COST = 8

/** A shape, some of its values, and where the others are. */
export class SharedValues {
  readonly shape: Shape
  /** How many values each record has of its own. */
  readonly width: number
  /** False of a shape's first pattern, which waits for what comes. */
  readonly isSettled: boolean
  /** Bytes that it takes itself, about, where each record may have one of its own. */
  readonly cost: number
  /** Where the values are that are each record's own. */
  private readonly places: readonly number[]
  private readonly common: readonly unknown[]
  private readonly changes: number
  private sightings = 0
  private uses = 0
  private maker: ObjectBuilder | undefined = undefined

  constructor(shape: Shape, common: readonly unknown[], changes: number) {
    this.shape = shape
    this.common = common
    this.changes = changes
    this.isSettled = changes > 0
    this.places = [...common.keys()].filter((i) => common[i] === OWN)
    this.width = this.places.length
    this.cost = this.isSettled ? 0 : PATTERN_COST + 3 * PLACE_COST * this.width
  }

  /** Whether the i-th value is one that each record has of its own. */
  isOwn(i: number): boolean {
    return this.common[i] === OWN
  }

  /** The pattern for a record that is to be kept: this one if it fits. */
  for(values: readonly unknown[]): SharedValues {
    if (!this.isSettled) return ++this.sightings === FAMILIAR ? this.narrowed(values) : this
    return this.fits(values) ? this : this.widened(values)
  }

  /** Puts a record's own values into a row, from a place of it on. */
  put(values: readonly unknown[], row: unknown[], from: number): void {
    const { places } = this
    for (let i = 0; i < places.length; i++) row[from + i] = values[places[i] as number]
  }

  /** Builds the caller's object of own values that stand in a row from a place of it on. */
  make(row: readonly unknown[], from: number, revive: Thaw): Record<string, unknown> {
    if (this.maker !== undefined) return callBuilder(this.maker, row, from, revive)
    if (++this.uses === WORTH_COMPILING) this.maker = compileBuilder(this.shape, this.common)
    return buildStepwise(this.shape, this.filled(row, from), 0, revive)
  }

  private filled(row: readonly unknown[], from: number): unknown[] {
    const { common, places } = this
    const whole = common.slice()
    for (let i = 0; i < places.length; i++) whole[places[i] as number] = row[from + i]
    return whole
  }

  private fits(values: readonly unknown[]): boolean {
    const { common } = this
    for (let i = 0; i < common.length; i++) {
      if (common[i] !== OWN && common[i] !== values[i]) return false
    }
    return true
  }

  private narrowed(values: readonly unknown[]): SharedValues {
    return this.replaced(this.common.map((_, i) => (canBeCommon(values[i]) ? values[i] : OWN)))
  }

  private widened(values: readonly unknown[]): SharedValues {
    const isLast = this.changes === MOST_CHANGES
    return this.replaced(this.common.map((one, i) => (isLast || one !== values[i] ? OWN : one)))
  }

  private replaced(common: readonly unknown[]): SharedValues {
    const pattern = new SharedValues(this.shape, common, this.changes + 1)
    this.shape.pattern = pattern
    return pattern
  }
}

/** The pattern for a record of a shape that is to be kept. */
export function sharedValuesFor(shape: Shape, values: readonly unknown[]): SharedValues {
  shape.pattern ??= new SharedValues(shape, new Array(shape.width).fill(OWN), 0)
  return shape.pattern.for(values)
}

function canBeCommon(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= LONGEST_TEXT
  return typeof value !== 'object' || value === null
}
