/**
 * Group commit of flushes: one is running, and all that are asked for meanwhile share the one after
 * it. The running one cannot serve them, since it may have begun before their operations.
 */

/** The flushes of one store. */
export class FlushQueue {
  private running: Promise<void> | undefined
  private next: Promise<void> | undefined

  /** @param flushNow resolves when every operation acknowledged before is on disk */
  constructor(private readonly flushNow: () => Promise<void>) {}

  /** Resolves when every operation acknowledged before is on disk. */
  flush(): Promise<void> {
    if (this.next !== undefined) return this.next
    if (this.running === undefined) return this.start()
    this.next = this.running.then(this.startNext, this.startNext)
    return this.next
  }

  private readonly startNext = (): Promise<void> => {
    this.next = undefined
    return this.start()
  }

  private start(): Promise<void> {
    const flush = this.flushNow().finally(() => {
      if (this.running === flush) this.running = undefined
    })
    this.running = flush
    return flush
  }
}
