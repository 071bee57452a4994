/**
 * The calls that wait because the engine is over its memory budget. They run in the order in which
 * they came, so that of two updates the later one stays; while any wait, later writes join them.
 */
import { notStarted } from '../errors.js'
import { BUSY } from './native.js'

/** The queue in front of one store. */
export class WriteQueue {
  private last: Promise<void> = Promise.resolve()
  private length = 0
  private isClosed = false

  /** @param wait resolves when a call that was told to wait may be tried again */
  constructor(private readonly wait: () => Promise<void>) {}

  /** Whether the queue is empty. */
  get isFree(): boolean {
    return this.length === 0
  }

  /** Resolves when every call that waits now has been answered. */
  whenFree(): Promise<void> {
    return this.last
  }

  /**
   * Tries a call when its turn comes, and again until the engine is not busy.
   * @param attempt may answer BUSY
   */
  join<T>(attempt: () => T | typeof BUSY): Promise<T> {
    if (this.isClosed) return Promise.reject(notStarted())
    this.length++
    const answer = this.last.then(() => this.retry(attempt))
    this.last = answer.then(this.leave, this.leave)
    return answer
  }

  /** Refuses the calls that come from now on: the queue is never free again. */
  close(): void {
    this.isClosed = true
    this.length++
  }

  private readonly leave = (): void => {
    this.length--
  }

  private async retry<T>(attempt: () => T | typeof BUSY): Promise<T> {
    let answer = attempt()
    for (; answer === BUSY; answer = attempt()) await this.wait()
    return answer
  }
}
