/** The binding's matcher of MessagePack maps in the scratch buffer, one for this copy of the library. */
import { bindOutline, type NativeOutline } from './native.js'
import { buffer, LEAVES_OFFSET, NUMBERS_OFFSET } from './scratch.js'

/** Matches maps with templates and lists the values of those that match. */
export const mapMatcher: NativeOutline = bindOutline(buffer)

/** The codes of the values listed last. */
export const codes = new Int32Array(buffer, LEAVES_OFFSET, (NUMBERS_OFFSET - LEAVES_OFFSET) / 4)

/** For each code the number that goes with it. */
export const numbers = new Float64Array(buffer, NUMBERS_OFFSET, codes.length)

/** Codes from here on: a text that was not listed before, with the id of the code less this. */
export const NEW_TEXT = 1024
/** Code: the number itself. */
export const NUMBER = -1
/** Code: null. */
export const NULL = -2
/** Code: true. */
export const TRUE = -3
/** Code: false. */
export const FALSE = -4
