/**
 * The life cycle of `CRUDJT`: one state at a time, and the only place that changes it.
 *
 *   stopped ─ startMaster ─▶ starting ─▶ started ─ shutdownServer ─▶ stopping ─▶ stopped
 *   stopped ─ connectToMaster ─▶ connected ─ disconnect ─▶ stopped
 *
 * A start that fails goes back to stopped with nothing left open; one during stopping waits for it.
 */
import { type Backend, nobody } from '../backend.js'
import { CRUDJTError, notStarted } from '../errors.js'
import { RemoteStore } from '../grpc/client/remote-store.js'
import { Master } from '../grpc/server/master.js'
import { type Address, addressOf, endpointOf } from '../grpc/wire/address.js'
import {
  type ConnectOptions,
  checkConnectOptions,
  checkMasterOptions,
  DEFAULT_DATA_SIZE,
  type MasterOptions,
  type StoreOptions,
} from '../options/store-options.js'
import { Store } from './local-store.js'
import { hush, PendingStore } from './pending-store.js'

type State =
  | { readonly name: 'stopped' }
  | { readonly name: 'starting'; readonly opening: Promise<Started> }
  | { readonly name: 'started'; readonly started: Started }
  | { readonly name: 'stopping'; readonly closing: Promise<void> }
  | { readonly name: 'connected'; readonly client: RemoteStore }

/** A store and the master that serves it. */
interface Started {
  readonly store: Store
  readonly master: Master
}

const STOPPED: State = { name: 'stopped' }

let state: State = STOPPED

/** What the calls of `CRUDJT` go to now. */
export const current: { backend: Backend } = { backend: nobody }

function enter(next: State, backend: Backend): void {
  state = next
  current.backend = backend
}

/** Goes back to stopped, unless a new start has taken the place. */
function leave(left: State): void {
  if (state === left) enter(STOPPED, nobody)
}

/** Starting and stopping; one state for all copies of this package's code in a thread. */
export const Config = {
  /**
   * Opens the store and serves it at `grpc_host` and `grpc_port`: makes this process the master. It
   * lives until `shutdownServer`.
   * @throws CRUDJTError `ERR_CRUDJT_ALREADY_STARTED`, `ERR_CRUDJT_LISTEN`; and everything that
   *   `Store.open` throws
   */
  async startMaster(options: MasterOptions): Promise<void> {
    refuseSecondStart()
    checkMasterOptions(options ?? {})
    endpointOf(addressOf(options))
    const opening = open({ ...options }, state)
    enter({ name: 'starting', opening }, waitingFor(opening, options))
    try {
      const started = await opening
      enter({ name: 'started', started }, started.store)
    } catch (error) {
      enter(STOPPED, nobody)
      throw error
    }
  },

  /**
   * Makes this process a client of a master, at once; called again, of another one. The master need
   * not be there yet: the first call waits for it, as long as `timeout_ms` allows.
   * @throws CRUDJTError `ERR_CRUDJT_ALREADY_STARTED` in a master; TypeError, RangeError
   *   `ERR_CRUDJT_OPTION`
   */
  async connectToMaster(options: ConnectOptions = {}): Promise<void> {
    if (state.name !== 'connected') refuseSecondStart()
    checkConnectOptions(options)
    const before = state
    const client = new RemoteStore(options)
    enter({ name: 'connected', client }, client)
    if (before.name === 'connected') await before.client.close()
  },

  /**
   * Answers what is in flight, closes the port, makes everything durable and releases the store. A
   * start that is still under way is waited for.
   * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` if this process is no master
   */
  async shutdownServer(): Promise<void> {
    while (state.name === 'starting') await settled(state.opening)
    if (state.name === 'stopping') return state.closing
    if (state.name !== 'started') throw notStarted('gRPC server is not started')
    const closing = close(state.started)
    hush(closing)
    const stopping: State = { name: 'stopping', closing }
    enter(stopping, nobody)
    try {
      await closing
    } finally {
      leave(stopping)
    }
  },

  /**
   * Ends being a client.
   * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` if this process is no client
   */
  async disconnect(): Promise<void> {
    if (state.name !== 'connected') throw notStarted('CRUDJT is not connected to a master')
    const { client } = state
    enter(STOPPED, nobody)
    await client.close()
  },

  /** Whether this process has started as a master or is connected to one. */
  wasStarted(): boolean {
    return state.name === 'started' || state.name === 'connected'
  },

  /** Whether this process is the master. */
  master(): boolean {
    return state.name === 'started'
  },

  /**
   * Where the master is, as `connectToMaster` takes it: in a master where it listens, with the port
   * that it took; in a client the address it was given. Undefined in any other process.
   */
  address(): Address | undefined {
    if (state.name === 'started') return state.started.master.address
    return state.name === 'connected' ? state.client.address : undefined
  },
}

function refuseSecondStart(): void {
  if (state.name !== 'stopped' && state.name !== 'stopping') {
    throw new CRUDJTError('ERR_CRUDJT_ALREADY_STARTED', 'CRUDJT already started')
  }
}

async function open(options: MasterOptions, before: State): Promise<Started> {
  if (before.name === 'stopping') await settled(before.closing)
  const store = await Store.open(storeOptions(options))
  try {
    return { store, master: await Master.start(store, options) }
  } catch (error) {
    await store.close()
    throw error
  }
}

function storeOptions(options: MasterOptions): StoreOptions {
  const { store_jt_path, grpc_host: _host, grpc_port: _port, access_key: _key, ...kept } = options
  return { ...kept, path: store_jt_path }
}

function waitingFor(opening: Promise<Started>, options: MasterOptions): PendingStore {
  const store = opening.then((started) => started.store)
  return new PendingStore(store, options.max_data_size ?? DEFAULT_DATA_SIZE)
}

async function close({ store, master }: Started): Promise<void> {
  try {
    await master.stop()
  } finally {
    await store.close()
  }
}

/** Waits for a promise, however it ends. */
async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => {})
}
