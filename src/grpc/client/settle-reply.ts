/** Replies of the batch stream as the callers see them. */

import { statsFrom } from '../../engine/stats.js'
import { type ErrorCode, errorOf } from '../../errors.js'
import { sessionFrom } from '../../records/session.js'
import { Kind } from '../wire/batch-operation.js'
import type { ReplyReader } from '../wire/batch-reply.js'
import type { PendingOperation } from './pending-operations.js'

/** Tells a caller what the reply to its call says. */
export function settle(operation: PendingOperation, reply: ReplyReader): void {
  if (reply.code !== '') {
    operation.reject(errorOf(reply.code as ErrorCode, reply.text))
    return
  }
  try {
    operation.resolve(answerOf(operation.kind, reply) as never)
  } catch (error) {
    operation.reject(error as Error)
  }
}

function answerOf(kind: number, reply: ReplyReader): unknown {
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
