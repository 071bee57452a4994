/**
 * The line of calls that wait because the engine is over its budget. They are answered in their
 * order, so that of two updates the later one stays; while any wait, later writes join them.
 */
import { BUSY } from './native.js'

/** A line in front of one store. */
export class WriteQueue {
  private readonly wait: () => Promise<void>
  private last: Promise<void> = Promise.resolve()
  private waiting = 0

  /** @param wait resolves when a call that was told to wait may be tried again */
  constructor(wait: () => Promise<void>) {
    this.wait = wait
  }

  /** Whether nobody waits. */
  get isFree(): boolean {
    return this.waiting === 0
  }

  /** Resolves when everybody who waits now has been answered. */
  whenFree(): Promise<void> {
    return this.last
  }

  /**
   * Calls the engine when it is this call's turn, and again until the engine is not busy.
   * @param call may answer BUSY
   */
  join<T>(call: () => T | typeof BUSY): Promise<T> {
    this.waiting++
    const answer = this.last.then(() => this.serve(call))
    this.last = answer.then(this.leave, this.leave)
    return answer
  }

  private readonly leave = (): void => {
    this.waiting--
  }

  private async serve<T>(call: () => T | typeof BUSY): Promise<T> {
    for (;;) {
      const answer = call()
      if (answer !== BUSY) return answer
      await this.wait()
    }
  }
}
