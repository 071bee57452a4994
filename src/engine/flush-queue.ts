/**
 * Puts the flushes that are asked for together: one is under way, and all that come meanwhile share
 * the one after it. The one under way can't serve them: it may have begun before their operations.
 */

/** The flushes of one store. */
export class FlushQueue {
  private readonly flushNow: () => Promise<void>
  private current: Promise<void> | undefined
  private next: Promise<void> | undefined

  /** @param flushNow resolves when all operations acknowledged before are on the medium */
  constructor(flushNow: () => Promise<void>) {
    this.flushNow = flushNow
  }

  /** Resolves when all operations acknowledged before are on the medium. */
  flush(): Promise<void> {
    if (this.next !== undefined) return this.next
    if (this.current === undefined) return this.start()
    this.next = this.current.then(this.startNext, this.startNext)
    return this.next
  }

  private readonly startNext = (): Promise<void> => {
    this.next = undefined
    return this.start()
  }

  private start(): Promise<void> {
    const flush = this.flushNow().finally(() => {
      if (this.current === flush) this.current = undefined
    })
    this.current = flush
    return flush
  }
}
