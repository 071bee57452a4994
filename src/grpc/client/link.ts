/** What a client's calls go through: the batch stream or the unary methods, over one connection. */

import type { OperationArguments } from '../wire/batch-operation.js'
import type { Connection } from './connection.js'

/** The calls of one client. */
export interface Calls {
  /**
   * Makes a call with validated arguments. Its data is in the scratch buffer, and limits beyond 2^53 in
   * its header; both are consumed synchronously, before other code can run.
   * @returns by kind: a token; a session or null; whether there was a live token; nothing; or counters
   */
  call<T>(args: OperationArguments): Promise<T>
  /** The largest data size that the master accepts, as far as it is known. */
  readonly dataSize: number
  /** Closes the connection once in-flight calls have completed; no call may follow. */
  close(): Promise<void>
}

/** A client's connection to its master, and how to use it. */
export interface Link {
  readonly connection: Connection
  /** The master's address, for display. */
  readonly address: string
  /** The deadline of a call in milliseconds. */
  readonly timeout: number
  readonly accessKey: string | undefined
}
