/**
 * What the cached records of one shape have in common. Sessions of one program differ in a few values
 * (an id, a name, a secret). The others are stored once, and each entry holds only its own: an entry of
 * the bench's session takes 24 bytes instead of 136, which is as much less to write, to read and to
 * garbage-collect.
 *
 * Invariants: the shared values of a SharedValues never change; an entry that refers to it has exactly
 * those values; none of them is an object or a long text. A shape has at most MAX_CHANGES + 2 of them,
 * one after the other: first nothing is shared, then everything of one record, then less and less, and
 * finally nothing.
 */
import { ObjectBuilder, OWN, type PackedImage, type Shape } from '../msgpack/shapes/index.js'
import { interned } from '../msgpack/v8.js'

/** The first so many records of a shape share nothing: most shapes do not come again. */
const FAMILIAR = 8
/** After so many changes nothing is shared any more. */
const MAX_CHANGES = 8
/** Longer texts are never shared: shared values count towards no budget. */
const MAX_TEXT = 64

/** What a SharedValues with its shape takes in memory, beside three lists of its width. */
const BASE_COST = 200
/** What a place in a row takes in memory. */
export const PLACE_COST = 8

/** The shared values of a shape, and which values each record has of its own. */
export class SharedValues extends ObjectBuilder {
  /** How many values each record has of its own. */
  readonly width: number
  /** False of a shape's first one, which shares nothing yet. */
  readonly isSettled: boolean
  /** What an entry is charged for it in bytes, about: a shape that comes once has one of its own. */
  readonly cost: number
  private readonly shape: Shape
  /** The shared values; OWN for the others. */
  private readonly shared: readonly unknown[]
  /** The indexes of each record's own values. */
  private readonly own: readonly number[]
  private readonly changes: number
  private records = 0

  constructor(shape: Shape, shared: readonly unknown[], changes: number) {
    super(shape, shared)
    this.shape = shape
    this.shared = shared
    this.changes = changes
    this.isSettled = changes > 0
    this.own = [...shared.keys()].filter((i) => shared[i] === OWN)
    this.width = this.own.length
    this.cost = this.isSettled ? 0 : BASE_COST + 3 * PLACE_COST * this.width
  }

  /** Whether each record has the i-th value of its own. */
  isOwn(i: number): boolean {
    return this.shared[i] === OWN
  }

  /** The one for a record that is to be cached: this one if the record fits. */
  for(values: readonly unknown[]): SharedValues {
    if (!this.isSettled) return ++this.records === FAMILIAR ? this.settled(values) : this
    return this.fits(values) ? this : this.narrowed(values)
  }

  /** Writes a record's own values to a row, from an index on. */
  put(values: readonly unknown[], row: unknown[], from: number): void {
    const { own } = this
    for (let i = 0; i < own.length; i++) row[from + i] = values[own[i] as number]
  }

  private fits(values: readonly unknown[]): boolean {
    const { shared } = this
    for (let i = 0; i < shared.length; i++) {
      if (shared[i] !== OWN && shared[i] !== values[i]) return false
    }
    return true
  }

  private settled(values: readonly unknown[]): SharedValues {
    return this.replaced(values.slice(0, this.width).map(shareable))
  }

  private narrowed(values: readonly unknown[]): SharedValues {
    const isLast = this.changes === MAX_CHANGES
    return this.replaced(this.shared.map((one, i) => (isLast || one !== values[i] ? OWN : one)))
  }

  private replaced(shared: readonly unknown[]): SharedValues {
    const next = new SharedValues(this.shape, shared, this.changes + 1)
    this.shape.attachment = next
    return next
  }
}

/** The shared values for a record of a shape that is to be cached. */
export function sharedValuesFor(shape: Shape, values: readonly unknown[]): SharedValues {
  shape.attachment ??= new SharedValues(shape, new Array(shape.width).fill(OWN), 0)
  return (shape.attachment as SharedValues).for(values)
}

/** The same for the record in an image. While it only puts own values, nothing need be compared. */
export function sharedValuesOf(image: PackedImage): SharedValues {
  if (image.owner !== undefined) return image.owner as SharedValues
  const shared = sharedValuesFor(image.shape, image.values)
  if (shared.isSettled) image.owner = shared
  return shared
}

/** A value as it can be shared; OWN if it cannot. Strings are interned: `fits` compares addresses then. */
function shareable(value: unknown): unknown {
  if (typeof value === 'string') return value.length <= MAX_TEXT ? interned(value) : OWN
  return typeof value !== 'object' || value === null ? value : OWN
}
