/**
 * The master's side of one batch stream: receives messages, runs their operations and sends the replies.
 * It does not depend on the transport.
 *
 * Invariants: operations start in the order in which they arrive; all replies of one slice leave in one
 * message; while too many bytes are unsent or too many operations pending, nothing is read
 * (backpressure).
 */
import { CRUDJTError } from '../../errors.js'
import { setImmediate } from '../../timers.js'
import {
  ACKNOWLEDGED,
  CLIENT_GOODBYE,
  HELLO,
  ID_BYTES,
  readHello,
  VERSION,
  writeGoodbye,
  writeWelcome,
} from '../wire/batch-messages.js'
import { OPERATIONS, OperationReader } from '../wire/batch-operation.js'
import { DELIMITED, FIXED64, MALFORMED, ProtobufReader, tagOf, VARINT } from '../wire/protobuf.js'
import type { OperationRunner } from './operation-runner.js'
import type { ReplyLog } from './reply-log.js'
import type { ReplyLogs, StreamHandle } from './reply-logs.js'

/**
 * How many operations run, and are answered in one message, before the event loop continues, while one
 * client is active. The client works on the first replies while the rest runs: with 64 calls at a time,
 * throughput of creates is a quarter higher than with all in one slice.
 */
const SLICE = 32
/** The same while several clients are active: they wait for each other, so fewer, larger messages are faster. */
const SHARED_SLICE = 128
/** Above this many unsent bytes, nothing is read. */
const MAX_UNSENT = 512 << 10
/** Above this many pending operations, nothing is read. */
const MAX_PENDING = 8192

/** What the sessions of one master share. */
export interface SharedSessionState {
  readonly runner: OperationRunner
  readonly replyLogs: ReplyLogs
  /** Identifies this instance of the master. */
  readonly master: Buffer
  readonly maxDataSize: number
  /** The session that ran the last slice. */
  lastActive: BatchSession | undefined
}

/** What carries a session's messages. */
export interface Transport {
  /** Sends a message; `onSent` is called when it has been written. */
  send(message: Buffer, onSent: () => void): void
  /** Stops reading. */
  pause(): void
  /** Continues reading. */
  resume(): void
  /** Ends the stream, gracefully or with an error. */
  end(error?: unknown): void
}

/** One stream of one client. */
export class BatchSession implements StreamHandle {
  private log: ReplyLog | undefined
  private readonly messages: ProtobufReader[] = []
  private readonly operationMessage = new ProtobufReader(Buffer.alloc(0))
  private readonly operation = new OperationReader()
  private unsent = 0
  private isEnded = false
  private isHalted = false
  private isScheduled = false
  private isPaused = false

  constructor(
    private readonly shared: SharedSessionState,
    private readonly transport: Transport,
  ) {}

  /** Receives a message. */
  receive(message: Buffer): void {
    this.messages.push(new ProtobufReader(message))
    if (this.isScheduled || this.isPaused) return
    if (this.isAlone) this.work()
    // Runs together with whatever else arrives in this turn.
    else this.schedule()
  }

  /** The client has ended its side; a lost connection looks the same. */
  finish(): void {
    this.transport.end()
    this.disconnect()
  }

  /** The stream is lost; the client may reconnect. */
  disconnect(): void {
    this.isEnded = true
    if (this.log !== undefined) this.shared.replyLogs.detach(this.log, this)
  }

  fence(): void {
    this.isEnded = true
    const message = 'A newer stream of this client has replaced this one'
    this.transport.end(new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message))
  }

  /** Starts no further operation: the master is shutting down. */
  halt(): void {
    this.isHalted = true
    this.transport.pause()
  }

  /** Sends the number of the last operation that was started, and ends the stream. */
  goodbye(): void {
    if (this.isEnded) return
    this.log?.flush()
    if (this.log !== undefined) this.deliver(writeGoodbye(this.log.highest))
    this.transport.end()
    this.disconnect()
  }

  deliver(message: Buffer): void {
    if (this.isEnded) return
    this.unsent += message.length
    this.transport.send(message, () => {
      this.unsent -= message.length
      this.drained()
    })
  }

  drained(): void {
    if (this.isPaused && !this.isScheduled && !this.isFull()) this.schedule()
  }

  private schedule(): void {
    this.isScheduled = true
    setImmediate(() => {
      this.isScheduled = false
      this.work()
    })
  }

  /** Runs the operations that have arrived, a slice at a time. */
  private work(): void {
    if (this.isEnded || this.isHalted) return
    try {
      if (this.workSlice()) this.log?.send()
    } catch (error) {
      this.transport.end(error)
      this.disconnect()
      return
    }
    if (this.isFull()) this.pause()
    else if (this.messages.length > 0) this.schedule()
    else this.resume()
  }

  private isFull(): boolean {
    return this.unsent > MAX_UNSENT || (this.log?.pending ?? 0) > MAX_PENDING
  }

  private pause(): void {
    if (this.isPaused) return
    this.isPaused = true
    this.transport.pause()
  }

  private resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.transport.resume()
  }

  /** @returns whether any operation ran */
  private workSlice(): boolean {
    const size = this.nextSliceSize()
    let left = size
    while (left > 0) {
      const [reader] = this.messages
      if (reader === undefined) break
      const tag = reader.tag()
      if (tag === 0) this.messages.shift()
      else if (tag === tagOf(OPERATIONS, DELIMITED)) {
        left--
        this.run(reader)
      } else if (tag === tagOf(ACKNOWLEDGED, FIXED64)) this.welcomed().acknowledge(reader.fixed64())
      else if (tag === tagOf(HELLO, DELIMITED)) this.welcome(reader.slice())
      else if (tag === tagOf(CLIENT_GOODBYE, VARINT) && reader.bool()) this.release(this.welcomed())
      else reader.skip(tag)
    }
    return left < size
  }

  private nextSliceSize(): number {
    const size = this.isAlone ? SLICE : SHARED_SLICE
    this.shared.lastActive = this
    return size
  }

  private get isAlone(): boolean {
    return this.shared.lastActive === this
  }

  private run(reader: ProtobufReader): void {
    const log = this.welcomed()
    reader.delimited()
    this.operationMessage.reset(reader.bytes, reader.from, reader.to)
    this.operation.read(this.operationMessage)
    if (this.operation.number === 0) throw MALFORMED
    this.shared.runner.run(log, this.operation)
  }

  /** The client has closed: nothing need be retained for it. */
  private release(log: ReplyLog): void {
    if (log.pending === 0) this.shared.replyLogs.release(log, this)
  }

  /** @throws MALFORMED before the client's Hello */
  private welcomed(): ReplyLog {
    if (this.log === undefined) throw MALFORMED
    return this.log
  }

  private welcome(hello: Buffer): void {
    const { version, client } = readHello(hello)
    if (this.log !== undefined || client.length !== ID_BYTES || version < 1) throw MALFORMED
    const { replyLogs, master, maxDataSize } = this.shared
    const { log, resumed } = replyLogs.attach(client.toString('latin1'), this)
    this.log = log
    const common = Math.min(version, VERSION)
    this.deliver(writeWelcome({ version: common, master, resumed, maxDataSize }))
  }
}
