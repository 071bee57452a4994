/** The binding's outline of the data in the scratch buffer, for this copy of the library. */
import { bindOutline, type NativeOutline } from './native.js'
import { buffer, LEAVES_OFFSET, NUMBERS_OFFSET } from './scratch.js'

/** The calls. */
export const outline: NativeOutline = bindOutline(buffer)

/** The codes of the leaves that were told last. */
export const codes = new Int32Array(buffer, LEAVES_OFFSET, (NUMBERS_OFFSET - LEAVES_OFFSET) / 4)

/** The numbers beside them. */
export const numbers = new Float64Array(buffer, NUMBERS_OFFSET, codes.length)

/** A code from here on is a new text, for the number less this. */
export const NEW_TEXT = 1024
/** Code: the number beside it. */
export const NUMBER = -1
/** Code: null. */
export const NULL = -2
/** Code: true. */
export const TRUE = -3
/** Code: false. */
export const FALSE = -4
