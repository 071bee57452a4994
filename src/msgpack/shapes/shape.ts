/**
 * Shapes of maps: their keys and the shapes of the maps nested in them.
 *
 * The values of a map, and of the nested maps that its shape knows, lie in one flat row, in the order
 * of the keys. Invariant: a shape never changes which nested maps it knows.
 */
import { type Layout, ObjectBuilder } from './object-builder.js'

/** The keys of a map, in their order, and the shapes of the maps nested in it. */
export class Shape implements Layout {
  readonly keys: readonly string[]
  readonly inner: readonly (Shape | undefined)[]
  readonly width: number
  /** For whoever keeps values of this shape: what it knows about them. */
  attachment: unknown = undefined
  private builder: ObjectBuilder | undefined = undefined

  constructor(keys: readonly string[], inner: readonly (Shape | undefined)[]) {
    this.keys = keys
    this.inner = inner
    this.width = keys.reduce((sum, _, i) => sum + (inner[i]?.width ?? 1), 0)
  }

  /** Builds the caller's object of the frozen values that lie in a row from an index on. */
  build(values: readonly unknown[], from: number): Record<string, unknown> {
    this.builder ??= new ObjectBuilder(this)
    return this.builder.build(values, from)
  }
}

/** Whether two lists of keys are the same, in the same order. */
export function sameKeys(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((key, i) => key === other[i])
}
