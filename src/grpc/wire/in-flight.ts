/** Counts what is under way, so that an orderly end can wait for it. */

/** A count that can be waited for. */
export class InFlight {
  /** How many are under way. */
  count = 0
  private waiting: (() => void)[] = []

  /** Something begins. */
  enter(): void {
    this.count++
  }

  /** Something has ended. */
  leave(): void {
    this.count--
    if (this.count > 0) return
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.count === 0) return Promise.resolve()
    return new Promise((resolve) => this.waiting.push(resolve))
  }
}
