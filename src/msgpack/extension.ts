/** Values of MessagePack's extension types that have no counterpart in JavaScript. */

/**
 * A value of an extension type that another client stored and this package doesn't know. It comes
 * back as it was when stored again.
 */
export class Extension {
  /** The extension's type, -128 to 127. */
  readonly type: number
  /** Its bytes. */
  readonly data: Buffer

  constructor(type: number, data: Buffer) {
    this.type = type
    this.data = data
  }
}
