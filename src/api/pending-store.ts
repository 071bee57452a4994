/**
 * The calls that are made while a master is still starting. They are checked and encoded at once, so
 * that later changes to the caller's object have no effect, and carried out when the store is open.
 */
import { DeferredCall } from '../engine/prepared-call.js'
import { notStarted } from '../errors.js'
import {
  type CreateOptions,
  checkToken,
  type DurableOptions,
  isDurableDelete,
  type UpdateOptions,
} from '../options/call-options.js'
import type { Limit } from '../options/limits.js'
import { prepareCreate, prepareUpdate } from '../records/prepare-call.js'
import type { Session } from '../records/session.js'
import type { SessionCalls, Storable } from '../session-store.js'
import type { LocalStore } from './local-store.js'

/** A store that is being opened. */
export class PendingStore implements SessionCalls {
  private readonly opening: Promise<LocalStore>

  /** @param dataSize the most bytes that data may take in that store */
  constructor(
    opening: Promise<LocalStore>,
    private readonly dataSize: number,
  ) {
    this.opening = opening.catch((cause) => {
      throw notStarted('CRUDJT has not started: its start failed', { cause })
    })
    ignoreRejection(this.opening)
  }

  create(data: Storable, ttl?: Limit | CreateOptions, silence_read?: Limit): Promise<string> {
    return this.whenOpen(() => {
      prepareCreate(data, this.dataSize, false, ttl, silence_read)
      const call = new DeferredCall()
      return (store) => {
        call.restore()
        return store.createPrepared()
      }
    })
  }

  read<Data extends object = Record<string, unknown>>(
    token: string,
  ): Promise<Session<Data> | null> {
    return this.whenOpen(() => {
      checkToken(token)
      return (store) => store.read<Data>(token)
    })
  }

  update(
    token: string,
    data: Storable,
    ttl?: Limit | UpdateOptions,
    silence_read?: Limit,
  ): Promise<boolean> {
    return this.whenOpen(() => {
      checkToken(token)
      prepareUpdate(data, this.dataSize, ttl, silence_read)
      const call = new DeferredCall()
      return (store) => {
        call.restore()
        return store.updatePrepared(token)
      }
    })
  }

  delete(token: string, options?: DurableOptions): Promise<boolean> {
    return this.whenOpen(() => {
      checkToken(token)
      const durable = isDurableDelete(options)
      return (store) => store.delete(token, { durable })
    })
  }

  /** @param prepare throws at once what is wrong with the call, and returns what is left to do */
  private whenOpen<T>(prepare: () => (store: LocalStore) => T | Promise<T>): Promise<T> {
    const answer = this.run(prepare)
    ignoreRejection(answer)
    return answer
  }

  private async run<T>(prepare: () => (store: LocalStore) => T | Promise<T>): Promise<T> {
    const call = prepare()
    return call(await this.opening)
  }
}

/** Keeps a rejection that nobody handles from ending the process; whoever awaits it still sees it. */
export function ignoreRejection(promise: Promise<unknown>): void {
  promise.catch(() => {})
}
