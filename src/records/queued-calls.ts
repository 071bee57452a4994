/**
 * The four calls of one store, each of which runs at once or waits: an answer is a promise only where
 * the engine is over its budget. Writes are carried out in the order of their calls, so a write joins
 * the queue while any other waits there; a read waits only if the engine tells it to.
 */
import { BUSY } from '../engine/native.js'
import { DeferredCall } from '../engine/prepared-call.js'
import type { WriteQueue } from '../engine/write-queue.js'
import type { RecordAccess } from './record-access.js'
import type { Session } from './session.js'

/** The calls of one store. */
export class QueuedCalls {
  private readonly records: RecordAccess
  private readonly queue: WriteQueue

  constructor(records: RecordAccess, queue: WriteQueue) {
    this.records = records
    this.queue = queue
  }

  /** Creates what was prepared. */
  create(): string | Promise<string> {
    const token = this.queue.isFree ? this.records.create() : BUSY
    return token === BUSY ? this.deferPrepared(() => this.records.create()) : token
  }

  /** Reads a checked token. */
  read(token: string): Session | null | Promise<Session | null> {
    const session = this.records.read(token)
    return session === BUSY ? this.deferRead(token) : session
  }

  /** Reads a checked token without decoding its data, as `RecordAccess.readPacked` does. */
  readPacked<T>(token: string, found: (length: number) => T, absent: T): T | Promise<T> {
    const answer = this.records.readPacked(token, found, absent)
    return answer === BUSY ? this.deferReadPacked(token, found, absent) : answer
  }

  /** Updates a checked token with what was prepared. */
  update(token: string): boolean | Promise<boolean> {
    const done = this.queue.isFree ? this.records.update(token) : BUSY
    return done === BUSY ? this.deferUpdate(token) : done
  }

  /** Deletes a checked token. */
  remove(token: string): boolean | Promise<boolean> {
    const done = this.queue.isFree ? this.records.remove(token) : BUSY
    return done === BUSY ? this.deferRemove(token) : done
  }

  // Functions of their own, since V8 allocates a context for each call of a function that has a
  // closure over one of its parameters.

  private deferRead(token: string): Promise<Session | null> {
    return this.queue.join(() => this.records.read(token))
  }

  private deferReadPacked<T>(token: string, found: (length: number) => T, absent: T): Promise<T> {
    return this.queue.join(() => this.records.readPacked(token, found, absent))
  }

  private deferUpdate(token: string): Promise<boolean> {
    return this.deferPrepared(() => this.records.update(token))
  }

  private deferRemove(token: string): Promise<boolean> {
    return this.queue.join(() => this.records.remove(token))
  }

  private deferPrepared<T>(attempt: () => T | typeof BUSY): Promise<T> {
    const call = new DeferredCall()
    return this.queue.join(() => {
      call.restore()
      return attempt()
    })
  }
}
