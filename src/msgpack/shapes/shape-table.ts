/**
 * The shapes of maps that came before. Whole records are recognised by the binding, which holds the
 * templates of the same shapes at the same indexes; maps in arrays and the like by their keys.
 *
 * Invariants: the tables are of fixed size, however many different maps come; a bucket takes a new
 * shape only now and then, so that maps that are all different cost little; at each index the binding
 * has the template of the shape at that index.
 */

import { mapMatcher } from '../../engine/native-outline.js'
import { FrozenMap } from '../frozen-value.js'
import { RecentMap } from './recent-map.js'
import { Shape, sameKeys } from './shape.js'
import { shapeWithInner, templateOf } from './template.js'

/** Of the maps that fit no shape of their bucket, one in so many has its shape learned. */
const LEARN_EVERY = 8
/** How many shapes of maps that are no whole record are known. */
const NESTED_SHAPES = 256

/** Two shapes for each bucket, the one that matched last first. */
const table: (Shape | undefined)[] = []
const misses: number[] = []
const nestedShapes = new RecentMap<string, Shape>(NESTED_SHAPES)

/** The shape whose template the binding has matched: one at an odd index has moved to the front. */
export function shapeAt(index: number): Shape {
  if (index % 2 === 1) {
    const second = table[index]
    table[index] = table[index - 1]
    table[index - 1] = second
  }
  return table[index & ~1] as Shape
}

/** Whether a shape knows the nested maps: it is one of a whole record. */
export function isLearned(shape: Shape): boolean {
  return shape.inner.length === shape.keys.length
}

/** The shape of a map of these keys that is no whole record. */
export function shapeOf(keys: readonly string[]): Shape {
  const name = keys.join('\0')
  const known = nestedShapes.get(name)
  if (known !== undefined && sameKeys(known.keys, keys)) return known
  const shape = new Shape(keys, [])
  nestedShapes.set(name, shape)
  return shape
}

/** Counts a record that matched no shape of its bucket: now and then its shape is learned. */
export function countMiss(
  bucket: number,
  keys: readonly string[],
  values: readonly unknown[],
): void {
  const count = misses[bucket] ?? 0
  misses[bucket] = (count + 1) % LEARN_EVERY
  if (count !== 0) return
  const inner = keys.map((_, i) => innerShape(values[i]))
  const shape = shapeWithInner(keys, inner)
  if (shape === undefined) return
  const first = table[bucket * 2]
  put(bucket * 2, merged(table[bucket * 2 + 1], merged(first, shape)))
  if (first !== undefined) put(bucket * 2 + 1, first)
}

function put(index: number, shape: Shape): void {
  const template = templateOf(shape)
  if (template === undefined) return
  table[index] = shape
  mapMatcher.learn(index, template.bytes, template.lengths)
}

function innerShape(value: unknown): Shape | undefined {
  if (!(value instanceof FrozenMap)) return undefined
  const { keys } = value.shape
  const inner = keys.map((_, i) => innerShape(value.values[i]))
  return new Shape(keys, inner)
}

/** Of two shapes with the same keys: the one that knows only the nested maps that both have. */
function merged(before: Shape | undefined, shape: Shape): Shape {
  if (before === undefined || !sameKeys(before.keys, shape.keys)) return shape
  const common = shape.inner.map((one, i) => {
    const other = before.inner[i]
    const isSame = one !== undefined && other !== undefined && sameKeys(one.keys, other.keys)
    return isSame ? merged(other, one) : undefined
  })
  return shapeWithInner(shape.keys, common) ?? shape
}
