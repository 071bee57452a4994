/** Counts calls in flight, so that a graceful shutdown can wait for them. */
export class InFlight {
  /** How many calls are in flight. */
  count = 0
  private waiting: (() => void)[] = []

  /** A call begins. */
  enter(): void {
    this.count++
  }

  /** A call has completed. */
  leave(): void {
    this.count--
    if (this.count > 0) return
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    if (this.count === 0) return Promise.resolve()
    return new Promise((resolve) => this.waiting.push(resolve))
  }
}
