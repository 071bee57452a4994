/**
 * The life cycle of `CRUDJT`, a state machine:
 *
 *   stopped ─ startMaster ─▶ starting ─▶ started ─ shutdownServer ─▶ stopping ─▶ stopped
 *   stopped ─ connectToMaster ─▶ connected ─ disconnect ─▶ stopped
 *
 * A start that fails returns to stopped with nothing left open. A start while stopping waits for the
 * end of that.
 */
import { CRUDJTError, notStarted } from '../errors.js'
import { RemoteStore } from '../grpc/client/remote-store.js'
import { Master } from '../grpc/server/master.js'
import { StoreCondition } from '../grpc/server/store-condition.js'
import { type Address, addressOf, endpointOf } from '../grpc/wire/address.js'
import {
  type ConnectOptions,
  checkConnectOptions,
  checkMasterOptions,
  DEFAULT_DATA_SIZE,
  isWeakAccessKey,
  type MasterOptions,
  type StoreOptions,
  warn,
} from '../options/store-options.js'
import type { SessionCalls } from '../session-store.js'
import { nextTick } from '../timers.js'
import { ignoreRejection, PendingStore } from './pending-store.js'
import { Store } from './store.js'

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

const WEAK_KEY = {
  code: 'CRUDJT_WEAK_ACCESS_KEY',
  message: 'The access key can be guessed: use at least 16 random characters',
}

const STOPPED: State = { name: 'stopped' }

let state: State = STOPPED

/** The store that the calls of `CRUDJT` go to while it is stopped. */
const noStore: SessionCalls = { create: refuse, read: refuse, update: refuse, delete: refuse }

async function refuse(): Promise<never> {
  const advice = 'call CRUDJT.Config.startMaster or connectToMaster first'
  throw notStarted(`CRUDJT has not started: ${advice}`)
}

/** The store that the calls of `CRUDJT` go to now. */
export const current: { store: SessionCalls } = { store: noStore }

function enter(next: State, store: SessionCalls): void {
  state = next
  current.store = store
}

/** Goes back to stopped, unless a new start has begun meanwhile. */
function leave(left: State): void {
  if (state === left) enter(STOPPED, noStore)
}

/** Starts and stops `CRUDJT`. */
export const Config = {
  /**
   * Makes this process the master: opens the store and serves it at `grpc_host` and `grpc_port` until
   * `shutdownServer`.
   * @throws CRUDJTError `ERR_CRUDJT_ALREADY_STARTED`, `ERR_CRUDJT_LISTEN`; and what `Store.open` throws
   */
  async startMaster(options: MasterOptions): Promise<void> {
    refuseSecondStart()
    options = checkMasterOptions(options ?? {})
    endpointOf(addressOf(options))
    const opening = open(options, state)
    const store = opening.then((started) => started.store)
    const pending = new PendingStore(store, options.max_data_size ?? DEFAULT_DATA_SIZE)
    enter({ name: 'starting', opening }, pending)
    try {
      const started = await opening
      enter({ name: 'started', started }, started.store)
      if (isWeakAccessKey(options.access_key)) nextTick(options.onError ?? warn, WEAK_KEY)
    } catch (error) {
      enter(STOPPED, noStore)
      throw error
    }
  },

  /**
   * Makes this process a client of a master, at once. Another call changes the master. The master need
   * not be running yet: the first call waits for it, as long as `timeout_ms` allows.
   * @throws CRUDJTError `ERR_CRUDJT_ALREADY_STARTED` in a master; TypeError, RangeError
   *   `ERR_CRUDJT_OPTION`
   */
  async connectToMaster(options: ConnectOptions = {}): Promise<void> {
    if (state.name !== 'connected') refuseSecondStart()
    const client = new RemoteStore(checkConnectOptions(options))
    const before = state
    enter({ name: 'connected', client }, client)
    if (before.name === 'connected') await before.client.close()
  },

  /**
   * Stops the master. When it resolves, in-flight calls have completed, the port is closed, everything
   * is flushed to disk, and the store is released. A start under way is completed first.
   * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` if this process is not a master
   */
  async shutdownServer(): Promise<void> {
    while (state.name === 'starting') await state.opening.catch(() => {})
    if (state.name === 'stopping') return state.closing
    if (state.name !== 'started') throw notStarted('gRPC server is not started')
    const closing = close(state.started)
    ignoreRejection(closing)
    const stopping: State = { name: 'stopping', closing }
    enter(stopping, noStore)
    try {
      await closing
    } finally {
      leave(stopping)
    }
  },

  /**
   * Disconnects from the master, after in-flight calls have completed.
   * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` if this process is not a client
   */
  async disconnect(): Promise<void> {
    if (state.name !== 'connected') throw notStarted('CRUDJT is not connected to a master')
    const { client } = state
    enter(STOPPED, noStore)
    await client.close()
  },

  /**
   * Resolves once calls are answered: in a master when it has started, in a client when its master
   * answers, which it waits for as long as `timeout_ms` allows.
   * @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED`; what `startMaster` and calls throw
   */
  async ready(): Promise<void> {
    if (state.name === 'starting') await state.opening
    else if (state.name === 'connected') await state.client.ready()
    else if (state.name !== 'started') throw notStarted('CRUDJT has not started')
  },

  /** Whether this process is a master or a client of one. */
  wasStarted(): boolean {
    return state.name === 'started' || state.name === 'connected'
  },

  /** Whether this process is the master. */
  master(): boolean {
    return state.name === 'started'
  },

  /**
   * The master's address, as `connectToMaster` takes it: in a master the address on which it listens,
   * with the port that it was given; in a client the address it connects to. Undefined otherwise.
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
  if (before.name === 'stopping') await before.closing.catch(() => {})
  const condition = new StoreCondition()
  const onError = condition.watching(options.onError ?? warn)
  const store = await Store.open(storeOptions({ ...options, onError }))
  try {
    return { store, master: await Master.start(store.served, options, condition) }
  } catch (error) {
    await store.close()
    throw error
  }
}

function storeOptions(options: MasterOptions): StoreOptions {
  const { store_jt_path, grpc_host: _host, grpc_port: _port, ...others } = options
  const { access_key: _key, local: _local, ...kept } = others
  return { ...kept, path: store_jt_path }
}

async function close({ store, master }: Started): Promise<void> {
  try {
    await master.stop()
  } finally {
    await store.close()
  }
}
