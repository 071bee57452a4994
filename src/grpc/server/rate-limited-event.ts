/** An event that is reported at most once a minute, so that nobody can fill the log. */
import type { StoreEvent } from '../../errors.js'
import { nextTick, now } from '../../timers.js'

const INTERVAL_MS = 60_000

/** One kind of event. */
export class RateLimitedEvent {
  private unreported = 0
  private reportedAt = Number.NEGATIVE_INFINITY

  /** @param clock a monotonic clock in milliseconds */
  constructor(
    private readonly code: string,
    private readonly report: (event: StoreEvent) => void,
    private readonly clock: () => number = now,
  ) {}

  /** @param describe the message, by how many events it is the first report of */
  add(describe: (count: number) => string): void {
    this.unreported++
    if (this.clock() - this.reportedAt < INTERVAL_MS) return
    const event = { code: this.code, message: describe(this.unreported) }
    this.reportedAt = this.clock()
    this.unreported = 0
    nextTick(this.report, event)
  }
}
