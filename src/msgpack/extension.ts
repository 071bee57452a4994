/** Values of MessagePack's extension types that have no counterpart in JavaScript. */

/**
 * A value of an extension type unknown to this package, which another client stored. Stored again, it
 * keeps its type and bytes.
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
