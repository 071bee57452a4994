/**
 * Decoded values in their frozen form, which the cache holds and never hands out: a map is a shape and
 * a flat row of values, everything else is as the caller will get it. `thaw` makes a copy that shares
 * nothing mutable.
 */
import { types } from 'node:util'
import { Extension } from './extension.js'

/** What a map needs to know of its shape (see shapes/shape.ts). */
export interface MapShape {
  readonly keys: readonly string[]
  build(values: readonly unknown[], from: number): Record<string, unknown>
}

/** A map. */
export class FrozenMap {
  readonly shape: MapShape
  readonly values: readonly unknown[]

  constructor(shape: MapShape, values: readonly unknown[]) {
    this.shape = shape
    this.values = values
  }
}

/** A private copy of a frozen value. */
export function thaw(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof FrozenMap) return value.shape.build(value.values, 0)
  if (Array.isArray(value)) return thawArray(value)
  if (types.isDate(value)) return new Date(value.getTime())
  if (value instanceof Extension) return new Extension(value.type, copyBytes(value.data))
  return copyBytes(value as Uint8Array)
}

function thawArray(values: readonly unknown[]): unknown[] {
  const copy = values.slice()
  for (let i = 0; i < copy.length; i++) {
    const value = copy[i]
    if (typeof value === 'object' && value !== null) copy[i] = thaw(value)
  }
  return copy
}

/**
 * Copies bytes to memory of their own, not to Node's pool: other data in the pool could be reached
 * through the `buffer` property.
 */
export function copyBytes(value: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(value.length)
  copy.set(value)
  return copy
}
