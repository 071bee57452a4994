/** How a client's calls get to the master: by unary methods, or by the batch stream. */
import type { Session } from '../session.js'
import type { StoreStats } from '../stats.js'

/**
 * The calls, with arguments that were checked. Data lies in the scratch buffer and exact limits in its
 * header, so they are taken before anything else of the program runs.
 */
export interface Calls {
  /** @param length how many bytes the data takes; ttl and reads are as the engine takes them */
  create(length: number, ttl: number, reads: number, durable: boolean): Promise<string>
  /** Reads a token. */
  read(token: string): Promise<Session | null>
  /** Replaces data and limits. */
  update(token: string, length: number, ttl: number, reads: number, how: How): Promise<boolean>
  /** Deletes a token. */
  remove(token: string, durable: boolean): Promise<boolean>
  /** Resolves when everything answered before is on the medium. */
  flush(): Promise<void>
  /** The master's counters. */
  stats(): Promise<StoreStats>
}

/** How an update is made. */
export interface How {
  /** Limits that are not named stay. */
  readonly keep: boolean
  /** Resolve only when it is on the medium. */
  readonly durable: boolean
}
