/**
 * Deep equality of generated values. ava's `deepEqual` takes any object with a numeric `length` for a
 * list and compares that many elements: a generated `{ length: 2 ** 50 }` ends the process.
 */
import { inspect, isDeepStrictEqual } from 'node:util'
import type { ExecutionContext } from 'ava'

/** Asserts that two values are equal by node's strict comparison. */
export function equal(t: ExecutionContext, actual: unknown, expected: unknown, message = ''): void {
  if (isDeepStrictEqual(actual, expected)) t.pass()
  else t.fail(`${message} ${inspect(actual)} is not ${inspect(expected)}`)
}
