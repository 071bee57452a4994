/** Values of MessagePack's extension types that have no counterpart in JavaScript. */

/** Marks extensions, also those of another copy of this package in the process. */
const MARK: unique symbol = Symbol.for('crudjt.Extension') as never

/**
 * A value of an extension type unknown to this package, which another client stored. Stored again, it
 * keeps its type and bytes.
 */
export class Extension {
  /** The extension's type, -128 to 127. */
  readonly type: number
  /** Its bytes. */
  readonly data: Buffer

  /** @internal */
  get [MARK](): true {
    return true
  }

  constructor(type: number, data: Buffer) {
    this.type = type
    this.data = data
  }
}

/** Whether an object is an Extension, of whichever copy of this package. */
export function isExtension(value: object): value is Extension {
  return MARK in value
}
