/**
 * The shapes that were seen before, looked up by the number of keys and the first bytes of the first
 * one. Two shapes share a place, the one that fitted last in front.
 *
 * Invariant: the table's size is fixed, however many different maps come by; a place takes a new
 * shape only now and then, so that maps that are all different cost little.
 */
import { Kept } from './kept.js'
import * as scratch from './scratch.js'
import { recognisable, type Shape } from './shapes.js'

const { view } = scratch

/** How many places there are; a power of two. */
const PLACES = 128
/** A place takes a new shape with every so many maps that fit none it has. */
const PATIENCE = 8
/** The most keys of a map that is foreseen inside of another: a header of one byte. */
const MAX_INNER_KEYS = 15

const table: (Shape | undefined)[] = new Array(PLACES * 2).fill(undefined)
const misfits = new Uint8Array(PLACES)

/** Where to look for the shape of a map whose first key stands at a position. */
export function placeOf(count: number, at: number): number {
  const hash = Math.imul(view.getInt32(at) ^ count, 0x9e3779b1)
  return (hash >>> 16) & (PLACES - 1)
}

/** The shape in front (0) or behind (1) at a place, if it has that many keys. */
export function shapeAt(place: number, behind: 0 | 1, count: number): Shape | undefined {
  const shape = table[place * 2 + behind]
  return shape !== undefined && shape.keys.length === count ? shape : undefined
}

/** Tells that the shape behind fitted: it comes to the front. */
export function swap(place: number): void {
  const behind = table[place * 2 + 1]
  table[place * 2 + 1] = table[place * 2]
  table[place * 2] = behind
}

/** Tells of a map that fitted no shape at its place: now and then its shape is learned. */
export function misfit(place: number, kept: Kept): void {
  misfits[place] = ((misfits[place] as number) + 1) % PATIENCE
  if (misfits[place] !== 0 && table[place * 2] !== undefined) return
  const shape = learned(kept)
  if (shape === undefined) return
  table[place * 2 + 1] = merged(table[place * 2 + 1], merged(table[place * 2], shape))
  swap(place)
}

/** The shape of a kept map that foresees the maps inside of it. */
function learned({ shape, values }: Kept): Shape | undefined {
  if (shape.lengths.length > 0) return shape
  return recognisable(shape.keys, values.map(innerShape))
}

function innerShape(value: unknown): Shape | undefined {
  if (!(value instanceof Kept)) return undefined
  const shape = learned(value)
  return shape !== undefined && shape.keys.length <= MAX_INNER_KEYS ? shape : undefined
}

/** Where two shapes have the same keys: the one that foresees only what both do. */
function merged(before: Shape | undefined, shape: Shape): Shape {
  if (before === undefined || !sameKeys(before, shape)) return shape
  const inner = shape.inner.map((one, i) => {
    const other = before.inner[i]
    return one !== undefined && other !== undefined && sameKeys(one, other)
      ? merged(other, one)
      : undefined
  })
  return recognisable(shape.keys, inner) ?? shape
}

function sameKeys(one: Shape, other: Shape): boolean {
  return one.keys.length === other.keys.length && one.keys.every((key, i) => key === other.keys[i])
}
