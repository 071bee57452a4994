/** Numbers in their kept form (see frozen-value.ts). */

/**
 * A whole number of 32 bits as V8 has those of a program's text; -0 as 0. From an array of doubles it
 * reads them in another way as long as the reader is not compiled, and an object that is made of such
 * a number is of another kind: machine code that knows the one kind is thrown away at the other.
 */
export function frozenNumber(number: number): number {
  const whole = number | 0
  return whole === number ? whole : number
}
