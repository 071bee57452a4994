/** The connection to a master in another process. */
import type { Backend } from './backend.js'
import { CRUDJTError } from './errors.js'
import { type ConnectOptions, DEFAULT_ADDRESS } from './options.js'

/** A connection to a master. */
export interface Client extends Backend {
  /** Ends the connection. */
  close(): Promise<void>
}

/**
 * Connects to a master.
 * @throws CRUDJTError `ERR_CRUDJT_UNAVAILABLE`
 */
export function connect(options: ConnectOptions): Client {
  const { grpc_host, grpc_port } = { ...DEFAULT_ADDRESS, ...options }
  const message = `No master can be reached at ${grpc_host}:${grpc_port}: use startMaster in this process`
  throw new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
}
