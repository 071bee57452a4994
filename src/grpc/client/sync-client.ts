/**
 * Calls that block until the master has answered, on a local socket of their own.
 *
 * Invariants: one operation at a time. One that was sent is sent again only to the same instance of the
 * master, under the same number; otherwise its outcome is unknown.
 */
import { randomBytes } from 'node:crypto'
import { MAX_REPLIES_BYTES } from '../../engine/native.js'
import { CRUDJTError } from '../../errors.js'
import type { LocalOption, Place } from '../../local/socket-path.js'
import { canBeLocal, connectSync } from '../../local/sync-socket.js'
import { now } from '../../timers.js'
import { ACKNOWLEDGED, GOODBYE, ID_BYTES, readGoodbye } from '../wire/batch-messages.js'
import {
  OPERATION_BYTES,
  type OperationArguments,
  writeOperation,
} from '../wire/batch-operation.js'
import { REPLIES, ReplyReader } from '../wire/batch-reply.js'
import {
  DELIMITED,
  FIXED64_FIELD_BYTES,
  MALFORMED,
  ProtobufReader,
  tagOf,
  writeFixed64,
} from '../wire/protobuf.js'
import type { MasterAddress } from './connection.js'
import { accessRefused, deadlineExceeded, noLocalSocket, restarted } from './connection-errors.js'
import { resultOf } from './settle-reply.js'
import { NoMessage, SyncConnection } from './sync-connection.js'

/** How long to wait before another attempt to connect, in milliseconds. */
const NAP_MS = 5

/** The thread sleeps by waiting on this. */
const NEVER_CHANGES = new Int32Array(new SharedArrayBuffer(4))

/** The blocking calls of one client. */
export class SyncClient {
  private readonly client = randomBytes(ID_BYTES)
  private readonly reply = new ReplyReader()
  private out: Buffer | undefined
  private connection: SyncConnection | undefined
  private number = 0
  /** The instance of the master that has been sent the current operation. */
  private sentTo: Buffer | undefined
  /** How many greetings in a row the master has ended. */
  private refusals = 0

  constructor(
    private readonly address: MasterAddress,
    private readonly place: Place,
    private readonly option: LocalOption,
  ) {}

  /** Whether this client can have a local socket at all. */
  get isPossible(): boolean {
    return canBeLocal(this.place, this.option)
  }

  /** The largest data size that the master accepts, as far as it is known. */
  get dataSize(): number | undefined {
    return this.connection?.welcome.maxDataSize
  }

  /**
   * Makes a call with validated arguments, whose data is in the scratch buffer.
   * @returns by kind: a token; a session or null; whether there was a live token
   */
  call<T>(args: OperationArguments): T {
    const message = encoded(++this.number, args)
    const deadline = now() + this.address.timeout
    this.sentTo = undefined
    for (;;) {
      try {
        const connection = this.connected(deadline)
        connection.send(message)
        this.sentTo = connection.welcome.master
        return this.answered(connection, args.kind) as T
      } catch (error) {
        this.handle(error)
      }
    }
  }

  /** Closes the connection. */
  close(): void {
    this.connection?.goodbye()
    this.connection = undefined
  }

  /** A connection to the master that the current operation may be sent to. */
  private connected(deadline: number): SyncConnection {
    while (this.connection === undefined) this.connect(deadline)
    const { master, resumed } = this.connection.welcome
    const isOther = this.sentTo !== undefined && !(resumed && master.equals(this.sentTo))
    if (isOther) throw restarted(this.address)
    return this.connection
  }

  private connect(deadline: number): void {
    const caller = connectSync(this.place, this.option, this.address.timeout)
    if (caller !== undefined) {
      this.out ??= Buffer.allocUnsafeSlow(MAX_REPLIES_BYTES)
      try {
        this.connection = SyncConnection.open(caller, this.out, this.client, this.address)
        this.refusals = 0
        return
      } catch (error) {
        caller.close()
        if (!isLost(error)) throw error
        // A master that stops ends one, too.
        if (++this.refusals > 1) throw accessRefused(this.address)
      }
    }
    const isOver = this.address.failFast || now() >= deadline
    if (isOver) throw this.sentTo ? restarted(this.address) : noLocalSocket(this.address)
    Atomics.wait(NEVER_CHANGES, 0, 0, NAP_MS)
  }

  /** Waits for the reply to the current operation. */
  private answered(connection: SyncConnection, kind: number): unknown {
    for (;;) {
      const message = new ProtobufReader(connection.receive())
      for (let tag = message.tag(); tag !== 0; tag = message.tag()) {
        if (tag === tagOf(REPLIES, DELIMITED)) {
          this.reply.read(new ProtobufReader(message.slice()))
          // Others are of calls that have timed out.
          if (this.reply.number === this.number) return resultOf(kind, this.reply)
        } else if (tag === tagOf(GOODBYE, DELIMITED)) {
          if (readGoodbye(message.slice()) < this.number) this.sentTo = undefined
        } else message.skip(tag)
      }
    }
  }

  /** Gives up a connection that is lost, for another attempt; throws what is final. */
  private handle(error: unknown): void {
    const hasTimedOut = error instanceof NoMessage && !error.isLost
    if (!hasTimedOut && !isLost(error)) throw error
    // A late reply would come on this connection, and be skipped.
    if (hasTimedOut && this.sentTo !== undefined) throw deadlineExceeded(this.address)
    this.connection?.close()
    this.connection = undefined
  }
}

function isLost(error: unknown): boolean {
  return error === MALFORMED || (error instanceof NoMessage && error.isLost)
}

/** A message with one operation. */
function encoded(number: number, args: OperationArguments): Buffer {
  const bytes = Buffer.allocUnsafe(FIXED64_FIELD_BYTES + OPERATION_BYTES + (args.length ?? 0))
  const at = writeFixed64(bytes, 0, ACKNOWLEDGED, number - 1)
  return bytes.subarray(0, writeOperation(bytes, at, number, args))
}

/** The error of a client that has no local socket. */
export function syncUnsupported(name: string): CRUDJTError {
  const message = `${name} needs the local socket of a master on this machine: use the promise form, or connect to a loopback address without 'local: false'`
  return new CRUDJTError('ERR_CRUDJT_UNSUPPORTED', message)
}
