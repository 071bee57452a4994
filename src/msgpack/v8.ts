/**
 * What depends on how V8 represents code, strings and numbers.
 *
 * Invariants: generated source contains nothing of the data but keys, as JSON; the number of generated
 * functions is bounded where they are generated; where code generation is forbidden, everything works
 * without it.
 */

/**
 * Compiles a function from source.
 * @returns undefined where the process forbids it (--disallow-code-generation-from-strings)
 */
export function compileFunction<F>(parameters: string[], body: string): F | undefined {
  try {
    return new Function(...parameters, `'use strict'; ${body}`) as F
  } catch {
    return undefined
  }
}

/** The internalized string of a text: V8 compares two of these by address, as it does literals. */
export function interned(text: string): string {
  return Object.keys({ [text]: 0 })[0] as string
}

/**
 * A number in the representation that a literal has: an integer of 32 bits as a small integer (Smi), -0
 * as 0. Interpreted code reads every number of a Float64Array as a heap number; an object built with
 * one has another hidden class, at which optimized code is thrown away.
 */
export function asSmi(number: number): number {
  const integer = number | 0
  return integer === number ? integer : number
}
