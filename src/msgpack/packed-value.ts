/** A value that was encoded once and is not encoded again: reading it again might run getters again. */

/** The MessagePack of a value. */
export class PackedValue {
  readonly length: number
  /** Undefined if it was only measured, being too large to be written. */
  readonly bytes: Buffer | undefined

  constructor(length: number, bytes: Buffer | undefined) {
    this.length = length
    this.bytes = bytes
  }
}
