/**
 * Timers and the monotonic clock, taken by value when the library loads: the fake timers of sinon,
 * vitest and jest replace the globals and the exports of `node:timers`. Looked up at each call, they
 * would leave a call, and all that follow it, waiting for a clock that stands still.
 */
import { performance } from 'node:perf_hooks'
import timers from 'node:timers'
import promises from 'node:timers/promises'

export const { clearTimeout, setImmediate, setTimeout } = timers

/**
 * Whether fake timers hold back `process.nextTick`, as sinon's do by default. Node's own streams need
 * it: those in use meanwhile may stand still for good. All such fakes are of @sinonjs/fake-timers.
 */
export function isNextTickFake(): boolean {
  return 'clock' in process.nextTick
}

/** `process.nextTick`; where jest has made that fake before the library loads, a microtask. */
export const nextTick: typeof process.nextTick = isNextTickFake() ? microtask : process.nextTick

function microtask<Args extends unknown[]>(callback: (...args: Args) => void, ...args: Args): void {
  void Promise.resolve().then(() => callback(...args))
}

/** Resolves after some milliseconds. */
export const delay = promises.setTimeout

/** A signal that is aborted after some milliseconds. */
export const timeoutSignal: typeof AbortSignal.timeout = AbortSignal.timeout.bind(AbortSignal)

/** A monotonic clock in milliseconds. */
export const now: () => number = performance.now.bind(performance)
