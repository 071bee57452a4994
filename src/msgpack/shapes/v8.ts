/**
 * Functions made from text, for the two places where a loop costs several times as much: building
 * an object of known keys and a string of known length (figures at their uses).
 *
 * Invariants: nothing of the data enters the text but keys, as JSON; how many functions are made is
 * bounded where they are made; where the process forbids making any, all works without.
 */

/**
 * Compiles a function body.
 * @returns undefined where the process forbids it (--disallow-code-generation-from-strings)
 */
export function compile<F>(parameters: string[], body: string): F | undefined {
  try {
    return new Function(...parameters, `'use strict'; ${body}`) as F
  } catch {
    return undefined
  }
}
