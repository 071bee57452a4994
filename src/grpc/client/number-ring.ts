/**
 * A ring buffer of values with ascending numbers, from the lowest one that is still present to the
 * newest.
 *
 * A Map would do the same, but it rehashes constantly under churn, and an old table that was promoted
 * keeps all later tables reachable, with their contents: with 512 calls at a time a third of the
 * client's time was garbage collection.
 */

/** The smallest capacity: the usual number of calls in flight. */
const MIN_CAPACITY = 1024

/** Values by their numbers. */
export class NumberRing<T> {
  /** The number of the next value. */
  next = 1
  /** The lowest number that is present; `next` if the ring is empty. */
  lowest = 1
  private slots: (T | undefined)[] = new Array(MIN_CAPACITY).fill(undefined)

  /** Adds a value, and returns its number. */
  add(value: T): number {
    if (this.next - this.lowest === this.slots.length) this.resize(2 * this.slots.length)
    this.slots[this.slotOf(this.next)] = value
    return this.next++
  }

  /** The value of a number, if it is present. */
  get(number: number): T | undefined {
    const isInside = number >= this.lowest && number < this.next
    return isInside ? this.slots[this.slotOf(number)] : undefined
  }

  /** Removes a value that is present. */
  delete(number: number): void {
    this.slots[this.slotOf(number)] = undefined
    if (number !== this.lowest) return
    while (this.lowest < this.next && this.slots[this.slotOf(this.lowest)] === undefined)
      this.lowest++
    const { length } = this.slots
    if (length > MIN_CAPACITY && this.next - this.lowest < length / 8) this.resize(length / 2)
  }

  /** All values in the order of their numbers; they may be deleted during the iteration. */
  *[Symbol.iterator](): Generator<T, void, void> {
    for (let number = this.lowest; number < this.next; number++) {
      const value = this.get(number)
      if (value !== undefined) yield value
    }
  }

  private slotOf(number: number): number {
    return number % this.slots.length
  }

  private resize(length: number): void {
    const slots = new Array(length).fill(undefined)
    for (let number = this.lowest; number < this.next; number++) {
      slots[number % length] = this.slots[this.slotOf(number)]
    }
    this.slots = slots
  }
}
