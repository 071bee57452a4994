/**
 * The kept form of decoded values: what a memo holds and never hands out. Maps are a shape and a row
 * of values, everything else is as it will be given. `revive` makes a copy that shares nothing that
 * can be changed.
 */
import { types } from 'node:util'
import { Extension } from './extension.js'
import type { Shape } from './shapes/shape.js'

/** A map. */
export class FrozenMap {
  readonly shape: Shape
  readonly values: readonly unknown[]

  constructor(shape: Shape, values: readonly unknown[]) {
    this.shape = shape
    this.values = values
  }
}

/** A private copy of a kept value. */
export function thaw(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof FrozenMap) return value.shape.build(value.values, 0, thaw)
  if (Array.isArray(value)) return reviveArray(value)
  if (types.isDate(value)) return new Date(value.getTime())
  if (value instanceof Extension) return new Extension(value.type, copyBytes(value.data))
  return copyBytes(value as Uint8Array)
}

function reviveArray(values: readonly unknown[]): unknown[] {
  const copy = values.slice()
  for (let i = 0; i < copy.length; i++) {
    const value = copy[i]
    if (typeof value === 'object' && value !== null) copy[i] = thaw(value)
  }
  return copy
}

/**
 * Bytes in memory of their own. Node's pool is left out: its neighbours could be reached through
 * the `buffer` property.
 */
export function copyBytes(value: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(value.length)
  copy.set(value)
  return copy
}
