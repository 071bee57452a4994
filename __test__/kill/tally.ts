/** What a run of the kill test met, over all stores. */
import type { Kind } from './kind.js'
import type { Finding, Log } from './log.js'
import { PHASES, type Phase } from './phases.js'

/** How long a phase is taken to last before one was seen. */
const FIRST_GUESS_MS = 20
/** How much a new duration weighs. */
const WEIGHT = 0.2

/** Counts. */
export class Tally {
  /** Kills of owners of a store, and of clients. */
  kills = 0
  clients = 0
  /** Expired records that sweeps removed which came to their end. */
  swept = 0
  readonly findings: Finding[] = []
  private readonly kinds = new Map<string, number>()
  private readonly phases = new Map<Phase, number>()
  private readonly durations = new Map<string, number>()
  /** Looks at a token, and operations in flight at a kill. */
  looked = 0
  inFlight = 0
  private acknowledged = 0
  private unknown = 0

  /** Counts a kill in every phase that it met; one that met none came before the store was touched. */
  killed({ way, journal }: Kind, phases: Phase[]): void {
    if (phases.length === 0) return
    this.kills++
    const kind = `${way} ${journal}`
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1)
    for (const phase of phases) this.phases.set(phase, (this.phases.get(phase) ?? 0) + 1)
  }

  /** Takes what a store's log has come to. */
  take(log: Log): void {
    this.acknowledged += log.acknowledged
    this.looked += log.looked
    this.inFlight += log.killedInFlight
    this.unknown += log.unknown
    this.findings.push(...log.findings)
  }

  /** Notes how long a phase lasted. */
  took(phase: string, milliseconds: number): void {
    const before = this.durations.get(phase) ?? milliseconds
    this.durations.set(phase, before + WEIGHT * (milliseconds - before))
  }

  /** How long it usually lasts, in milliseconds. */
  usual(phase: string): number {
    return this.durations.get(phase) ?? FIRST_GUESS_MS
  }

  /** The phases that no kill has met. */
  get missing(): Phase[] {
    return PHASES.filter((phase) => !this.phases.has(phase))
  }

  /** The counts as lines. */
  get lines(): string[] {
    const list = (counts: Map<string, number>) =>
      [...counts].map(([name, count]) => `${count} ${name}`).join(', ')
    return [
      `${this.kills} kills: ${list(this.kinds)}; of clients ${this.clients}`,
      `while ${list(this.phases)}`,
      `${this.acknowledged} operations acknowledged, ${this.inFlight} in flight at a kill, ${this.unknown} of unknown outcome`,
      `${this.looked} looks at a token, ${this.swept} expired records swept, ${this.findings.length} findings`,
    ]
  }
}
