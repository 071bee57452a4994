/**
 * Decoded records by token, so that a repeated read needs no decoding. It answers nothing by itself:
 * every read asks the engine, and only its word that the version is still the same makes an entry
 * count. Counted tokens are never put in.
 *
 * Invariants: the estimated size of all entries is at most the budget; what is in here is in its
 * kept form and never handed out.
 */

/** One remembered record. */
export interface Remembered {
  /** The record's version, as the engine gave it. */
  readonly version: number
  /** Its data in the kept form. */
  readonly kept: unknown
  /** The estimated bytes of memory it takes. */
  readonly cost: number
}

/** What an entry takes beside its data: the token, its place in the table, the objects' headers. */
const ENTRY_COST = 512
/** How many times as large decoded data is as packed data, about. */
const DECODED = 3
/**
 * When the memo is full, one in so many newcomers takes the place of the oldest. Were it each of
 * them, going round more tokens than fit would throw out every one just before its turn.
 */
const ADMITTED = 8

/** A memo with a budget in bytes; with a budget of 0 it remembers nothing. */
export class Memo {
  private readonly entries = new Map<string, Remembered>()
  private readonly budget: number
  private used = 0
  private turnedAway = 0

  constructor(budget: number) {
    this.budget = budget
  }

  /** The estimated bytes that all entries take. */
  get bytes(): number {
    return this.used
  }

  /** What is remembered of a token, of whatever version. */
  get(token: string): Remembered | undefined {
    return this.entries.get(token)
  }

  /** Remembers a record in the place of what was known of its token. */
  set(token: string, version: number, kept: unknown, packedBytes: number): void {
    const cost = ENTRY_COST + DECODED * packedBytes
    const before = this.entries.get(token)
    if (before !== undefined) this.used -= before.cost
    else if (!this.admits(cost)) return
    this.entries.set(token, { version, kept, cost })
    this.used += cost
    if (this.used > this.budget) this.makeRoom()
  }

  /** Forgets a token. */
  delete(token: string): void {
    const entry = this.entries.get(token)
    if (entry === undefined) return
    this.entries.delete(token)
    this.used -= entry.cost
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.clear()
    this.used = 0
  }

  private admits(cost: number): boolean {
    if (this.used + cost <= this.budget) return true
    this.turnedAway = (this.turnedAway + 1) % ADMITTED
    return this.turnedAway === 0 && cost <= this.budget
  }

  private makeRoom(): void {
    for (const token of this.entries.keys()) {
      this.delete(token)
      if (this.used <= this.budget) return
    }
  }
}
