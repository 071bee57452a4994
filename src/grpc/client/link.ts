/** How a client's calls get to its master: by unary methods, or by the batch stream. */

import type { OperationArguments } from '../wire/batch-operation.js'
import type { Connection } from './connection.js'

/** The calls of one client. */
export interface Calls {
  /**
   * Makes a call with arguments that were checked. Its data lies in the scratch buffer, and limits that
   * no Number can hold in its header, so they are taken before anything else of the program runs.
   * @returns a token, a session or null, whether there was a live token, nothing, or counters: by kind
   */
  call<T>(args: OperationArguments): Promise<T>
  /** The most bytes that data may take, as far as is known. */
  readonly dataSize: number
  /** Ends, when everything under way is answered; nothing more may be called. */
  close(): Promise<void>
}

/** What a client knows of its master. */
export interface Link {
  readonly connection: Connection
  /** The master's address, for people. */
  readonly address: string
  /** Milliseconds that a call may take. */
  readonly timeout: number
  readonly accessKey: string | undefined
}
