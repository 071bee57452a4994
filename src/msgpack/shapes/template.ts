/**
 * Templates of shapes: the bytes that maps of a shape have between their values, by which the binding
 * recognises such maps without decoding their keys.
 *
 * Invariants: only maps of distinct, short keys, none of them `__proto__`, have a template; it contains
 * every key of the shape, with those of the nested maps.
 */
import { Shape } from './shape.js'

/** The most keys of a map, and of a nested one, whose header must be one byte. */
const MAX_KEYS = 64
const MAX_INNER_KEYS = 15
/** The most bytes of a key, whose header must be one byte. */
const MAX_KEY_BYTES = 31
/** The most values, and the most bytes between two of them, that the binding accepts. */
const MAX_WIDTH = 256
const MAX_BYTES = 255

/** The bytes before each value, concatenated, and how many they are each time. */
export interface Template {
  readonly bytes: Buffer
  readonly lengths: Uint8Array
}

/** The template of a shape; undefined if it cannot have one. */
export function templateOf(shape: Shape): Template | undefined {
  if (!canBeRecognised(shape, MAX_KEYS) || shape.width > MAX_WIDTH) return undefined
  const parts: Buffer[] = []
  const trailing = collect(shape, header(shape.keys.length), parts)
  if (trailing.length > 0 || parts.some((part) => part.length > MAX_BYTES)) return undefined
  return { bytes: Buffer.concat(parts), lengths: Uint8Array.from(parts, (part) => part.length) }
}

/** A shape that knows nested maps; those that cannot be recognised stay values. */
export function shapeWithInner(
  keys: readonly string[],
  inner: readonly (Shape | undefined)[],
): Shape | undefined {
  const known = inner.map((one) =>
    one !== undefined && canBeRecognised(one, MAX_INNER_KEYS) ? one : undefined,
  )
  const shape = new Shape(keys, known)
  return templateOf(shape) === undefined ? undefined : shape
}

function canBeRecognised({ keys, inner }: Shape, maxKeys: number): boolean {
  if (keys.length === 0 || keys.length > maxKeys) return false
  if (keys.includes('__proto__') || new Set(keys).size !== keys.length) return false
  if (keys.some((key) => Buffer.byteLength(key) > MAX_KEY_BYTES)) return false
  return inner.every((one) => one === undefined || canBeRecognised(one, MAX_INNER_KEYS))
}

/** Adds the bytes before each value; returns those behind the last one. */
function collect(shape: Shape, before: Buffer, parts: Buffer[]): Buffer {
  let pending = before
  shape.keys.forEach((key, i) => {
    const inner = shape.inner[i]
    const name = Buffer.from(key)
    const next = Buffer.concat([pending, Buffer.of(0xa0 | name.length), name])
    if (inner === undefined) {
      parts.push(next)
      pending = Buffer.alloc(0)
    } else {
      pending = collect(inner, Buffer.concat([next, header(inner.keys.length)]), parts)
    }
  })
  return pending
}

function header(count: number): Buffer {
  return count < 16 ? Buffer.of(0x80 | count) : Buffer.of(0xde, 0, count)
}
