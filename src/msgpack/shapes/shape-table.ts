/**
 * The shapes that were seen before. Whole records are recognised by the binding, which has the
 * templates of the same shapes at the same places; maps elsewhere by their keys.
 *
 * Invariants: the tables' sizes are fixed, however many different maps come by; a place takes a new
 * shape only now and then, so that maps that are all different cost little; what the binding has at
 * an index is the template of the shape at that index.
 */

import { outline } from '../../engine/native-outline.js'
import { FrozenMap } from '../frozen-value.js'
import { Shape, sameKeys } from './shape.js'
import { foreseeing, templateOf } from './template.js'

/** A place takes a new shape with every so many maps that fit none it has. */
const PATIENCE = 8
/** How many shapes of maps inside of arrays and the like are known. */
const INNER_SHAPES = 256

/** Two for each place: the one that fitted last in front. */
const table: (Shape | undefined)[] = []
const misfits: number[] = []
const inner = new Map<string, Shape>()

/** The shape that the binding has found to fit, by its index: one from behind came to the front. */
export function shapeAt(index: number): Shape {
  if (index % 2 === 1) {
    const behind = table[index]
    table[index] = table[index - 1]
    table[index - 1] = behind
  }
  return table[index & ~1] as Shape
}

/** Whether a shape foresees the maps inside of a whole record. */
export function isLearned(shape: Shape): boolean {
  return shape.inner.length === shape.keys.length
}

/** The shape of a map of these keys that is no record of its own. */
export function shapeOf(keys: readonly string[]): Shape {
  const name = keys.join('\0')
  const known = inner.get(name)
  if (known !== undefined && sameKeys(known.keys, keys)) return known
  const shape = new Shape(keys, [])
  if (inner.size < INNER_SHAPES) inner.set(name, shape)
  return shape
}

/** Tells of a record that fitted no shape at its place: now and then its shape is learned. */
export function countMiss(
  place: number,
  keys: readonly string[],
  values: readonly unknown[],
): void {
  const count = misfits[place] ?? 0
  misfits[place] = (count + 1) % PATIENCE
  if (count !== 0) return
  const shape = foreseeing(
    keys,
    keys.map((_, i) => innerShape(values[i])),
  )
  if (shape === undefined) return
  const front = table[place * 2]
  put(place * 2, merged(table[place * 2 + 1], merged(front, shape)))
  if (front !== undefined) put(place * 2 + 1, front)
}

function put(index: number, shape: Shape): void {
  const template = templateOf(shape)
  if (template === undefined) return
  table[index] = shape
  outline.learn(index, template.bytes, template.lengths)
}

function innerShape(value: unknown): Shape | undefined {
  if (!(value instanceof FrozenMap)) return undefined
  const { keys } = value.shape
  return new Shape(
    keys,
    keys.map((_, i) => innerShape(value.values[i])),
  )
}

/** Where two shapes have the same keys: the one that foresees only what both do. */
function merged(before: Shape | undefined, shape: Shape): Shape {
  if (before === undefined || !sameKeys(before.keys, shape.keys)) return shape
  const common = shape.inner.map((one, i) => {
    const other = before.inner[i]
    const same = one !== undefined && other !== undefined && sameKeys(one.keys, other.keys)
    return same ? merged(other, one) : undefined
  })
  return foreseeing(shape.keys, common) ?? shape
}
