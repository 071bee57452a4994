/** What `CRUDJT` talks to: a store, a start under way, a master elsewhere, or nothing. */

import { notStarted } from './errors.js'
import type { CreateOptions, DurableOptions, UpdateOptions } from './options/call-options.js'
import type { Limit } from './options/limits.js'
import type { Session } from './records/session.js'

/** The four calls, as `Store` has them. */
export interface Backend {
  create(data: object, ttl?: Limit | CreateOptions, silence_read?: Limit): Promise<string>
  read(token: string): Promise<Session | null>
  update(
    token: string,
    data: object,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): Promise<boolean>
  delete(token: string, options?: DurableOptions): Promise<boolean>
}

/** Nothing: before a start and after the end. */
export const nobody: Backend = {
  create: refuse,
  read: refuse,
  update: refuse,
  delete: refuse,
}

async function refuse(): Promise<never> {
  throw notStarted(
    'CRUDJT has not started: call CRUDJT.Config.startMaster or connectToMaster first',
  )
}
