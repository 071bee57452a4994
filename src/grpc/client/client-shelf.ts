/**
 * A client's view of the shelf of its master: shared memory in which it reads records without asking. An
 * optimization: whatever is not found there, the master is asked for.
 *
 * Invariant: a read is answered from here only while no change of this client is in flight, so a client
 * sees what it has done before, whether or not it waited for the answer.
 */
import { randomBytes } from 'node:crypto'
import type { NativeShelf } from '../../engine/native.js'
import { buffer } from '../../engine/scratch.js'
import type { LocalOption, Place } from '../../local/socket-path.js'
import { connectSync } from '../../local/sync-socket.js'
import { type Session, sessionFrom } from '../../records/session.js'
import { ID_BYTES, SHELF_MESSAGE } from '../wire/batch-messages.js'
import type { MasterAddress } from './connection.js'
import { SyncConnection } from './sync-connection.js'

/** How long opening may block the event loop at each step, in milliseconds: a busy master is no reason to wait. */
const PATIENCE_MS = 100
/** Room for each message of a greeting. */
const GREETING_BYTES = 4096
/** Returned by a read: the shelf is no longer kept. */
const ENDED = -2

/** The shelf of one master after the other. */
export class ClientShelf {
  private shelf: NativeShelf | undefined
  /** Whether a master has been reached since the last attempt to open its shelf. */
  private isDue = false

  constructor(
    private readonly address: MasterAddress,
    private readonly place: Place,
    private readonly option: LocalOption,
  ) {}

  /** Whether reads are answered from a shelf, or may be. */
  get isOpen(): boolean {
    return this.shelf !== undefined
  }

  /** A master was reached on its local socket. */
  reached(): void {
    this.close()
    this.isDue = true
  }

  /** The session of a token that is on the shelf; undefined if the master has to be asked. */
  read(token: string): Session | undefined {
    if (this.isDue) this.open()
    const length = this.shelf?.read(token)
    if (length === undefined || length < 0) {
      if (length === ENDED) this.close()
      return undefined
    }
    return sessionFrom(length)
  }

  /** Gives the shelf up. */
  close(): void {
    this.isDue = false
    this.shelf?.close()
    this.shelf = undefined
  }

  private open(): void {
    this.isDue = false
    const caller = connectSync(this.place, this.option, PATIENCE_MS)
    if (caller === undefined) return
    try {
      const room = Buffer.allocUnsafe(GREETING_BYTES)
      SyncConnection.open(caller, room, randomBytes(ID_BYTES), this.address)
      this.shelf = caller.shelf(SHELF_MESSAGE, buffer) ?? undefined
    } catch {
      // The calls say what is wrong.
      caller.close()
    }
  }
}
