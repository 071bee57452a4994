/** The ways to reach a store: the behaviour suite runs against each. */
import { CRUDJT, Store, type StoreOptions } from 'crudjt'
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

/** A store that was reached in one of the ways. */
export interface Reached extends Pick<Store, 'create' | 'read' | 'update' | 'delete'> {
  close(): Promise<void>
}

/** A way to reach a store. */
export interface Way {
  readonly name: string
  /** Whether it has the unary methods only, and so no `keep` and no `durable`. */
  readonly isUnary?: boolean
  /** Opens or starts the store in a folder. */
  reach(folder: string, options?: Partial<StoreOptions>): Promise<Reached>
}

/** A store's promises. */
export const promises: Way = {
  name: 'promises of a Store',
  reach: (folder, options) => Store.open({ path: folder, secret_key: KEY, ...options }),
}

/** A store's calls without promises; what they throw becomes a rejection here. */
export const syncCalls: Way = {
  name: 'Sync calls of a Store',
  async reach(folder, options) {
    const store = (await promises.reach(folder, options)) as Store
    return {
      create: async (...args) => store.createSync(...args),
      read: async (token) => store.readSync(token),
      update: async (...args) => store.updateSync(...args),
      delete: async (...args) => store.deleteSync(...args),
      close: () => store.close(),
    }
  },
}

/** The process-wide CRUDJT. */
export const facade: Way = {
  name: 'CRUDJT',
  async reach(folder, options) {
    const rest = { store_jt_path: folder, secret_key: KEY, grpc_port: 0, ...options }
    await CRUDJT.Config.startMaster(rest)
    const { create, read, update, delete: remove } = CRUDJT
    return { create, read, update, delete: remove, close: () => CRUDJT.Config.shutdownServer() }
  },
}

/**
 * A store that is closed and opened again between a write and whatever comes next, so that nothing
 * is answered from memory.
 */
export const reopened: Way = {
  name: 'a Store opened anew after each write',
  async reach(folder, options) {
    let store = await promises.reach(folder, options)
    const reopen = async () => {
      await store.close()
      store = await promises.reach(folder, options)
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

/** A store of a master in another process. */
export const remote: Way = {
  name: 'a Store of a master elsewhere',
  async reach(folder, options) {
    const master = await runMaster(folder, options)
    return withMaster(master, await Store.connect(patient(master.at)))
  },
}

/** The process-wide CRUDJT as a client of a master in another process. */
export const client: Way = {
  name: 'CRUDJT as a client',
  async reach(folder, options) {
    const master = await runMaster(folder, options)
    void CRUDJT.Config.connectToMaster(patient(master.at))
    const { create, read, update, delete: remove } = CRUDJT
    const close = () => CRUDJT.Config.disconnect()
    return withMaster(master, { create, read, update, delete: remove, close })
  },
}

/** A client whose master is restarted between a write and whatever comes next. */
export const restarted: Way = {
  name: 'a Store of a master that is restarted after each write',
  async reach(folder, options) {
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

/** A store of a master as there are in other languages. */
export const older: Way = {
  name: 'a Store of an older master',
  isUnary: true,
  async reach(folder) {
    const { at, process } = await runOlderMaster(folder, 'nil')
    const store = await Store.connect(patient(at))
    const close = async () => {
      await store.close()
      await kill(process)
    }
    return { ...methodsOf(store), close }
  },
}

function withMaster(master: RunningMaster, store: Reached): Reached {
  const close = async () => {
    await store.close()
    await stopMaster(master)
  }
  return { ...methodsOf(store), close }
}

function methodsOf(store: Omit<Reached, 'close'>): Omit<Reached, 'close'> {
  return {
    create: (...args) => store.create(...args),
    read: ((token) => store.read(token)) as Store['read'],
    update: (...args) => store.update(...args),
    delete: (...args) => store.delete(...args),
  }
}
