/** Reports calls that came without the right access key: who tries keys leaves a trace in the log. */
import type { StoreEvent } from '../../errors.js'

/** The least time between two events, so that nobody can fill the log. */
const INTERVAL_MS = 60_000

/** Counts the refused calls of one master. */
export class RefusedCalls {
  private readonly report: (event: StoreEvent) => void
  private readonly clock: () => number
  private unreported = 0
  private reportedAt = Number.NEGATIVE_INFINITY

  /** @param clock the time in milliseconds */
  constructor(report: (event: StoreEvent) => void, clock = () => performance.now()) {
    this.report = report
    this.clock = clock
  }

  /** @param peer the address that the call came from */
  add(peer: string): void {
    this.unreported++
    if (this.clock() - this.reportedAt < INTERVAL_MS) return
    const calls = this.unreported === 1 ? '1 call' : `${this.unreported} calls`
    const message = `Refused ${calls} without the right access key, the last one from ${peer}`
    this.reportedAt = this.clock()
    this.unreported = 0
    process.nextTick(this.report, { code: 'CRUDJT_ACCESS_REFUSED', message })
  }
}
