/**
 * The ledgers of all clients of a master. One whose client has a stream stays; one whose client is gone
 * stays for a while, as long as there are not too many and their kept replies fit into the budget.
 */
import { ReplyLog, type ReplySink } from './reply-log.js'

/** How long the ledger of a client that is gone is kept, in milliseconds. */
export const KEPT_MS = 60_000
/** How many ledgers of clients that are gone are kept. */
export const MOST_DETACHED = 1000
/** The most bytes of replies that are kept for all clients together. */
export const ALL_KEPT_BYTES = 64 << 20

/** A stream of a client, which ends where another one of the same client begins. */
export interface StreamHandle extends ReplySink {
  /** Another stream has taken this one's place. */
  fence(): void
}

/** What is known of a client that has just come. */
export interface Attached {
  readonly ledger: ReplyLog
  /** Whether it was here before. */
  readonly resumed: boolean
}

/** All ledgers. */
export class ReplyLogs {
  private readonly now: () => number
  private readonly holders = new Map<string, { ledger: ReplyLog; holder: StreamHandle }>()
  /** Those without a stream, with the time they lost it; the first one lost it first. */
  private readonly detached = new Map<string, { ledger: ReplyLog; since: number }>()
  private bytes = 0

  /** @param now milliseconds of a clock that does not step */
  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  /** How many bytes are kept for all clients. */
  get keptBytes(): number {
    return this.bytes
  }

  /** A client has come: it gets the ledger it had, or a new one. A stream it still has is ended. */
  attach(client: string, holder: StreamHandle): Attached {
    this.forgetOld()
    const before = this.holders.get(client)
    before?.holder.fence()
    const known = before?.ledger ?? this.detached.get(client)?.ledger
    const ledger = known ?? new ReplyLog(client, this.grow)
    this.detached.delete(client)
    this.holders.set(client, { ledger, holder })
    ledger.begins(holder)
    return { ledger, resumed: known !== undefined }
  }

  /** A stream is lost: unless another one has taken its place, the ledger waits for the client. */
  detach({ client }: ReplyLog, holder: StreamHandle): void {
    const found = this.holders.get(client)
    if (found?.holder !== holder) return
    this.holders.delete(client)
    found.ledger.delivery = undefined
    this.detached.set(client, { ledger: found.ledger, since: this.now() })
    this.forgetOld()
  }

  /** A client is gone for good: nothing of it is kept. */
  release(ledger: ReplyLog, holder: StreamHandle): void {
    const { client } = ledger
    if (this.holders.get(client)?.holder !== holder) return
    this.holders.delete(client)
    empty(ledger)
  }

  private readonly grow = (change: number): void => {
    this.bytes += change
    while (this.bytes > ALL_KEPT_BYTES && this.forgetOne()) {}
  }

  /** Frees some of what is kept: of those that are gone first. */
  private forgetOne(): boolean {
    if (this.forgetOldest()) return true
    for (const { ledger } of this.holders.values()) if (ledger.dropOldest()) return true
    return false
  }

  private forgetOldest(): boolean {
    for (const [client, { ledger }] of this.detached) {
      this.detached.delete(client)
      empty(ledger)
      return true
    }
    return false
  }

  private forgetOld(): void {
    const until = this.now() - KEPT_MS
    for (const { since } of this.detached.values()) {
      if (since > until && this.detached.size <= MOST_DETACHED) return
      this.forgetOldest()
    }
  }
}

function empty(ledger: ReplyLog): void {
  while (ledger.dropOldest()) {}
}
