/**
 * Timers and the monotonic clock, taken by value when the library loads: the fake timers of sinon,
 * vitest and jest replace the globals and the exports of `node:timers`. Looked up at each call, they
 * would leave a call, and all that follow it, waiting for a clock that stands still.
 */
import { performance } from 'node:perf_hooks'
import timers from 'node:timers'
import promises from 'node:timers/promises'

export const { clearTimeout, setImmediate, setTimeout } = timers
export const { nextTick } = process

/**
 * Whether fake timers hold back `process.nextTick`, as sinon's do by default. Node's own streams need
 * it: those in use meanwhile may stand still for good.
 */
export function isNextTickFake(): boolean {
  return process.nextTick !== nextTick
}

/** Resolves after some milliseconds. */
export const delay = promises.setTimeout

/** A monotonic clock in milliseconds. */
export const now: () => number = performance.now.bind(performance)
