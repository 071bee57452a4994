/** `Store`: one store open in this process, or the store of a master in another. */
import { RemoteStore } from '../grpc/client/remote-store.js'
import {
  type ConnectOptions,
  checkConnectOptions,
  checkStoreOptions,
  type StoreOptions,
} from '../options/store-options.js'
import type { SessionStore } from '../session-store.js'
import { LocalStore, openEngine } from './local-store.js'

/**
 * A store of session tokens in a folder. An open store does not keep the process alive.
 *
 * Every call may reject (the `…Sync` forms throw) with a CRUDJTError: `ERR_CRUDJT_NOT_STARTED` once
 * the store is closed, `ERR_CRUDJT_STORAGE` or `ERR_CRUDJT_FULL` if the disk cannot be read or
 * written. Mistakes in arguments are TypeErrors and RangeErrors with the codes named at each call.
 */
export class Store extends LocalStore {
  /**
   * Opens the store in a folder, which is made if missing. Opening it again in the same process, on
   * any thread, gives another handle of the same engine.
   * @throws TypeError, RangeError `ERR_CRUDJT_OPTION`, TypeError `ERR_CRUDJT_SECRET_KEY`
   * @throws CRUDJTError `ERR_CRUDJT_STORE_LOCKED` (another process has it), `ERR_CRUDJT_STORE_OPEN`
   *   (open in this process with another key or other options), `ERR_CRUDJT_UNKNOWN_KEY`,
   *   `ERR_CRUDJT_PATH`, `ERR_CRUDJT_FULL`, `ERR_CRUDJT_STORAGE`, `ERR_CRUDJT_DAMAGED`,
   *   `ERR_CRUDJT_VERSION`
   */
  static async open(options: StoreOptions): Promise<Store> {
    return new Store(await openEngine(checkStoreOptions(options)))
  }

  /**
   * Connects to the store of a master in another process. The master need not be there yet: the first
   * call waits for it, as long as `timeout_ms` allows.
   * @throws TypeError, RangeError `ERR_CRUDJT_OPTION`
   */
  static async connect(options: ConnectOptions = {}): Promise<SessionStore> {
    return new RemoteStore(checkConnectOptions(options))
  }
}
