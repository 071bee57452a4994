/**
 * The life cycle of `CRUDJT`: one state at a time, and the only place that changes it.
 *
 *   stopped ─ startMaster ─▶ starting ─▶ started ─ shutdownServer ─▶ stopping ─▶ stopped
 *   stopped ─ connectToMaster ─▶ connected ─ disconnect ─▶ stopped
 *
 * A start that fails goes back to stopped with nothing left open; one during stopping waits for it.
 */
import { type Backend, nobody } from './backend.js'
import { type Client, connect } from './client.js'
import { CRUDJTError, notStarted } from './errors.js'
import { keepAlive } from './keep-alive.js'
import {
  type ConnectOptions,
  checkConnectOptions,
  checkMasterOptions,
  DEFAULT_DATA_SIZE,
  type MasterOptions,
} from './options.js'
import { Store } from './store.js'
import { hush, Waiting } from './waiting.js'

type State =
  | { readonly name: 'stopped' }
  | { readonly name: 'starting'; readonly opening: Promise<Store> }
  | { readonly name: 'started'; readonly store: Store; readonly letGo: () => void }
  | { readonly name: 'stopping'; readonly closing: Promise<void> }
  | { readonly name: 'connected'; readonly client: Client }

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
   * Opens the store and makes this process the master; it lives until `shutdownServer`.
   * @throws CRUDJTError `ERR_CRUDJT_ALREADY_STARTED`; and everything that `Store.open` throws
   */
  async startMaster(options: MasterOptions): Promise<void> {
    refuseSecondStart()
    checkMasterOptions(options ?? {})
    const opening = open({ ...options }, state)
    enter({ name: 'starting', opening }, waitingFor(opening, options))
    try {
      const store = await opening
      enter({ name: 'started', store, letGo: keepAlive() }, store)
    } catch (error) {
      enter(STOPPED, nobody)
      throw error
    }
  },

  /**
   * Makes this process a client of a master, at once; called again, of another one.
   * @throws CRUDJTError `ERR_CRUDJT_ALREADY_STARTED` in a master, `ERR_CRUDJT_UNAVAILABLE`;
   *   TypeError, RangeError `ERR_CRUDJT_OPTION`
   */
  async connectToMaster(options: ConnectOptions = {}): Promise<void> {
    if (state.name !== 'connected') refuseSecondStart()
    checkConnectOptions(options)
    const before = state
    const client = connect(options)
    enter({ name: 'connected', client }, client)
    if (before.name === 'connected') await before.client.close()
  },

  /**
   * Answers what is in flight, makes everything durable and releases the store. A start that is
   * still under way is waited for.
   * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` if this process is no master
   */
  async shutdownServer(): Promise<void> {
    while (state.name === 'starting') await settled(state.opening)
    if (state.name === 'stopping') return state.closing
    if (state.name !== 'started') throw notStarted('gRPC server is not started')
    const closing = close(state)
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
}

function refuseSecondStart(): void {
  if (state.name !== 'stopped' && state.name !== 'stopping') {
    throw new CRUDJTError('ERR_CRUDJT_ALREADY_STARTED', 'CRUDJT already started')
  }
}

async function open(options: MasterOptions, before: State): Promise<Store> {
  if (before.name === 'stopping') await settled(before.closing)
  const { store_jt_path, grpc_host: _host, grpc_port: _port, ...kept } = options
  return Store.open({ ...kept, path: store_jt_path })
}

function waitingFor(opening: Promise<Store>, options: MasterOptions): Waiting {
  return new Waiting(opening, options.max_data_size ?? DEFAULT_DATA_SIZE)
}

async function close({ store, letGo }: State & { name: 'started' }): Promise<void> {
  try {
    await store.close()
  } finally {
    letGo()
  }
}

/** Waits for a promise, however it ends. */
async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => {})
}
