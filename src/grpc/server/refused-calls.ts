/** Reports calls that came without the right access key: who tries keys leaves a trace in the log. */
import type { StoreEvent } from '../../errors.js'
import { RateLimitedEvent } from './rate-limited-event.js'

/** Counts the refused calls of one master. */
export class RefusedCalls {
  private readonly event: RateLimitedEvent

  /** @param clock a monotonic clock in milliseconds */
  constructor(report: (event: StoreEvent) => void, clock?: () => number) {
    this.event = new RateLimitedEvent('CRUDJT_ACCESS_REFUSED', report, clock)
  }

  /** @param peer the address that the call came from */
  add(peer: string): void {
    this.event.add((count) => {
      const calls = count === 1 ? '1 call' : `${count} calls`
      return `Refused ${calls} without the right access key, the last one from ${peer}`
    })
  }
}
