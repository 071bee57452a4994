/** Every way to reach a store. The behaviour suite runs against each. */
import type { ExecutionContext } from 'ava'
import { CRUDJT, type SessionStore, Store, type StoreOptions } from 'crudjt'
import { ask, kill } from '../helpers/children.js'
import { KEY } from '../helpers/keys.js'
import {
  patient,
  placeOf,
  type RunningMaster,
  runMaster,
  runOlderMaster,
  stopMaster,
} from '../helpers/masters.js'

/** The store of a variant. */
export interface TestedStore extends Pick<Store, 'create' | 'read' | 'update' | 'delete'> {
  close(): Promise<void>
}

/** Adds one guarantee of a store to the suite. */
export type AddTest = (
  guarantee: string,
  proof: (t: ExecutionContext, store: TestedStore) => Promise<void>,
  needs?: 'the batch stream',
) => void

/** A way to reach a store. */
export interface Variant {
  readonly name: string
  /** Whether it has only the unary methods, which have neither `keep` nor `durable`. */
  readonly isUnary?: boolean
  /** Opens or starts the store in a folder. */
  open(folder: string, options?: Partial<StoreOptions>): Promise<TestedStore>
}

/** A store's promises. */
export const promises: Variant = {
  name: 'promises of a Store',
  open: (folder, options) => Store.open({ path: folder, secret_key: KEY, ...options }),
}

/** The Sync calls of a store; what they throw becomes a rejection here. */
export const syncCalls: Variant = {
  name: 'Sync calls of a Store',
  open: async (folder, options) => syncCallsOf((await promises.open(folder, options)) as Store),
}

/** The process-wide CRUDJT. */
export const facade: Variant = {
  name: 'CRUDJT',
  async open(folder, options) {
    const rest = { store_jt_path: folder, secret_key: KEY, grpc_port: 0, ...options }
    await CRUDJT.Config.startMaster(rest)
    const { create, read, update, delete: remove } = CRUDJT
    return { create, read, update, delete: remove, close: () => CRUDJT.Config.shutdownServer() }
  },
}

/** A store that is reopened after each write, so that no answer comes from memory. */
export const reopened: Variant = {
  name: 'a Store reopened after each write',
  async open(folder, options) {
    let store = await promises.open(folder, options)
    const reopen = async () => {
      await store.close()
      store = await promises.open(folder, options)
    }
    const afterwards = async <T>(answer: T) => {
      await reopen()
      return answer
    }
    return {
      create: async (...args) => afterwards(await store.create(...args)),
      read: ((token) => store.read(token)) as Store['read'],
      update: async (...args) => afterwards(await store.update(...args)),
      delete: async (...args) => afterwards(await store.delete(...args)),
      close: () => store.close(),
    }
  },
}

/** A store of a master in another process, by gRPC. */
export const remote: Variant = {
  name: 'a Store connected to a master',
  async open(folder, options) {
    const master = await runMaster(folder, options)
    return withMaster(master, await Store.connect({ ...patient(master.at), local: false }))
  },
}

/** The same by the local socket. */
export const local: Variant = {
  name: 'a Store connected to a master by the local socket',
  async open(folder, options) {
    const path = `${folder}.local.sock`
    const master = await runMaster(folder, { ...options, local: path })
    // A port that nobody listens on: nothing can go by gRPC.
    const nowhere = { grpc_host: '127.0.0.1', grpc_port: 1, local: path }
    return withMaster(master, await Store.connect(patient(nowhere)))
  },
}

/** The Sync calls of such a store. */
export const remoteSync: Variant = {
  name: 'Sync calls of a Store connected to a master',
  async open(folder, options) {
    const master = await runMaster(folder, options)
    return withMaster(master, syncCallsOf(await Store.connect(patient(master.at))))
  },
}

/** The process-wide CRUDJT as a client of a master in another process. */
export const client: Variant = {
  name: 'CRUDJT as a client',
  async open(folder, options) {
    const master = await runMaster(folder, options)
    void CRUDJT.Config.connectToMaster(patient(master.at))
    const { create, read, update, delete: remove } = CRUDJT
    const close = () => CRUDJT.Config.disconnect()
    return withMaster(master, { create, read, update, delete: remove, close })
  },
}

/** A client whose master is restarted after each write. */
export const restarted: Variant = {
  name: 'a Store whose master restarts after each write',
  async open(folder, options) {
    const master = await runMaster(folder, { ...options, ...placeOf(folder) })
    const store = await Store.connect(patient(master.at))
    const afterwards = async <T>(answer: T) => {
      await ask(master.process, 'restart')
      return answer
    }
    return withMaster(master, {
      create: async (...args) => afterwards(await store.create(...args)),
      read: ((token) => store.read(token)) as Store['read'],
      update: async (...args) => afterwards(await store.update(...args)),
      delete: async (...args) => afterwards(await store.delete(...args)),
      close: () => store.close(),
    })
  },
}

/** A store of a master without the batch stream, as there are in other languages. */
export const older: Variant = {
  name: 'a Store connected to an older master',
  isUnary: true,
  async open(folder) {
    const { at, process } = await runOlderMaster(folder, 'nil')
    const store = await Store.connect(patient(at))
    const close = async () => {
      await store.close()
      await kill(process)
    }
    return { ...methodsOf(store), close }
  },
}

function syncCallsOf(store: SessionStore): TestedStore {
  return {
    create: async (...args) => store.createSync(...args),
    read: async (token) => store.readSync(token),
    update: async (...args) => store.updateSync(...args),
    delete: async (...args) => store.deleteSync(...args),
    close: () => store.close(),
  }
}

function withMaster(master: RunningMaster, store: TestedStore): TestedStore {
  const close = async () => {
    await store.close()
    await stopMaster(master)
  }
  return { ...methodsOf(store), close }
}

function methodsOf(store: Omit<TestedStore, 'close'>): Omit<TestedStore, 'close'> {
  return {
    create: (...args) => store.create(...args),
    read: ((token) => store.read(token)) as Store['read'],
    update: (...args) => store.update(...args),
    delete: (...args) => store.delete(...args),
  }
}
