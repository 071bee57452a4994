/**
 * What maps look like: their keys, the maps inside of them, and a function that builds the whole
 * object in one go (see object-builder.ts).
 *
 * The values of a map and of the maps inside of it that its shape foresees lie in one flat row, in
 * the order of the keys. Invariant: a shape never changes what it foresees.
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
import type { SharedValues } from './shared-values.js'

/** The keys of a map, in their order, and the shapes of the maps inside of it. */
export class Shape {
  readonly keys: readonly string[]
  /** For each key the shape of the map that is its value; undefined for other values. */
  readonly inner: readonly (Shape | undefined)[]
  /** How many values its row has. */
  readonly width: number
  /** What its records that are kept have in common (see shared-values.ts). */
  pattern: SharedValues | undefined = undefined
  private uses = 0
  private maker: ObjectBuilder | undefined = undefined

  constructor(keys: readonly string[], inner: readonly (Shape | undefined)[]) {
    this.keys = keys
    this.inner = inner
    this.width = keys.reduce((sum, _, i) => sum + (inner[i]?.width ?? 1), 0)
  }

  /** Builds the caller's object of the kept values that stand in a row from a place of it on. */
  build(values: readonly unknown[], from: number, revive: Thaw): Record<string, unknown> {
    if (this.maker !== undefined) return callBuilder(this.maker, values, from, revive)
    if (++this.uses === WORTH_COMPILING)
      this.maker = compileBuilder(this, new Array(this.width).fill(OWN))
    return buildStepwise(this, values, from, revive)
  }
}

/** Whether two shapes have the same keys, whatever is inside. */
export function sameKeys(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((key, i) => key === other[i])
}
