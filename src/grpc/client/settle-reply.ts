/** Settles the promise of a call with its reply. */

import { statsFrom } from '../../engine/stats.js'
import { type ErrorCode, errorOf } from '../../errors.js'
import { sessionFrom } from '../../records/session.js'
import { Kind } from '../wire/batch-operation.js'
import type { ReplyReader } from '../wire/batch-reply.js'
import type { PendingOperation } from './pending-operations.js'

/** Resolves or rejects an operation as its reply says. */
export function settleReply(operation: PendingOperation, reply: ReplyReader): void {
  try {
    operation.resolve(resultOf(operation.kind, reply) as never)
  } catch (error) {
    operation.reject(error as Error)
  }
}

/** What a reply says to an operation of a kind. @throws the error that it holds */
export function resultOf(kind: number, reply: ReplyReader): unknown {
  if (reply.code !== '') throw errorOf(reply.code as ErrorCode, reply.text)
  switch (kind) {
    case Kind.CREATE:
      return reply.token
    case Kind.READ:
      return reply.length < 0 ? null : sessionFrom(reply.length)
    case Kind.FLUSH:
      return undefined
    case Kind.STATS:
      return statsFrom(reply.counters)
    case Kind.BACKUP:
      return reply.counters.length > 0 ? Object.fromEntries(reply.counters) : reply.folder
    default:
      return reply.result
  }
}
