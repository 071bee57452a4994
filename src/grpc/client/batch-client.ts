/**
 * Calls by the batch stream, on whatever transport: all calls of one event-loop turn leave in one message. A master without the
 * stream is called by the unary methods instead; this is determined once per connection.
 *
 *   idle ─ a call ─▶ opening ─ Welcome ─▶ open ─ stream lost ─▶ idle
 *                       └─ UNIMPLEMENTED ─▶ unary ─ connection lost ─▶ idle
 *
 * With an access key the master must prove it by its Welcome, and there is no unary mode.
 */
import { randomBytes } from 'node:crypto'
import type { ClientHttp2Session } from 'node:http2'
import type { Transport } from '../../engine/stats.js'
import type { LocalSocket } from '../../local/local-stream.js'
import { DEFAULT_DATA_SIZE } from '../../options/store-options.js'
import {
  clearTimeout,
  isNextTickFake,
  nextTick,
  now,
  setImmediate,
  setTimeout,
  timeoutSignal,
} from '../../timers.js'
import {
  CHALLENGE,
  CLIENT_GOODBYE_MESSAGE,
  GOODBYE,
  ID_BYTES,
  readChallenge,
  readGoodbye,
  readWelcome,
  TAKEN,
  VERSION,
  WELCOME,
  writeHello,
  writeProof,
} from '../wire/batch-messages.js'
import { type OperationArguments, readEncoded } from '../wire/batch-operation.js'
import { REPLIES, ReplyReader } from '../wire/batch-reply.js'
import { InFlight } from '../wire/in-flight.js'
import { DELIMITED, FIXED64, MALFORMED, ProtobufReader, tagOf } from '../wire/protobuf.js'
import { CODE_HEADER, errorOfStatus, Status } from '../wire/status.js'
import { AccessProof } from './access-proof.js'
import { acknowledgement, acknowledging, MESSAGE_START, withSpace } from './batch-writer.js'
import type { Link } from './connection.js'
import {
  accessNotProven,
  accessRefused,
  connectionLost,
  deadlineExceeded,
  notMaster,
  unavailable,
  versionMismatch,
} from './connection-errors.js'
import { type CallEnd, isGrpc } from './grpc-stream.js'
import type { MessageListener, MessageStream } from './message-stream.js'
import { type PendingOperation, PendingOperations } from './pending-operations.js'
import { settleReply } from './settle-reply.js'
import { StreamOpener } from './stream-opener.js'
import { callUnary } from './unary-call.js'

/** The shortest and the longest backoff between two attempts to open a stream, in milliseconds. */
const MIN_BACKOFF_MS = 5
const MAX_BACKOFF_MS = 500
/** How long after the last reply the connection stops keeping the process alive, in milliseconds. */
const IDLE_MS = 5
/** The largest data size of any master: assumed until the master has announced its own. */
const MAX_DATA_SIZE = 65_536

/** Statuses that a retry would not change. */
const PERMANENT: ReadonlySet<number | undefined> = new Set<number>([
  Status.INVALID_ARGUMENT,
  Status.FAILED_PRECONDITION,
  Status.UNAUTHENTICATED,
])

type Mode = 'idle' | 'opening' | 'open' | 'unary'

/** The calls of one client. */
export class BatchClient {
  /** The largest data size that the master accepts, as far as it is known. */
  dataSize = MAX_DATA_SIZE
  private readonly client = randomBytes(ID_BYTES)
  private readonly inFlight = new InFlight()
  private readonly pending: PendingOperations
  private readonly message = new ProtobufReader(Buffer.alloc(0))
  private readonly replyMessage = new ProtobufReader(Buffer.alloc(0))
  private readonly reply = new ReplyReader()
  private mode: Mode = 'idle'
  private stream: MessageStream | undefined
  private readonly opener: StreamOpener
  /** The proof of the access key on the stream. */
  private proof: AccessProof
  /** The connection whose master has only the unary methods. */
  private unarySession: ClientHttp2Session | undefined
  /** Aborted when no call waits for a connection any more. */
  private abandoned = new AbortController()
  private backoff = MIN_BACKOFF_MS
  private wasWelcomed = false
  private isReferenced = false
  private isFlushScheduled = false
  /** Whether a message has arrived since the deadlines were last checked, the Welcome aside. */
  private hasReceived = false
  /** Whether the stream was in use while `process.nextTick` was fake. */
  private isSuspect = false
  private turn = 0
  private idleTimer: NodeJS.Timeout | undefined
  private deadlineTimer: NodeJS.Timeout | undefined

  constructor(
    private readonly link: Link,
    local: LocalSocket,
  ) {
    this.opener = new StreamOpener(link, local)
    this.pending = new PendingOperations(link.address, this.inFlight)
    this.proof = new AccessProof(link.accessKey, this.client)
  }

  /** The transport of the last call; undefined before the first connection. */
  get transport(): Transport | undefined {
    return this.mode === 'unary' ? 'grpc' : this.stream?.transport
  }

  /**
   * Makes a call with validated arguments. Its data is in the scratch buffer, and limits beyond 2^53 in
   * its header; both are consumed synchronously, before other code can run.
   * @returns by kind: a token; a session or null; whether there was a live token; nothing; or counters
   */
  call<T>(args: OperationArguments): Promise<T> {
    this.scheduleFlush()
    return this.pending.add<T>(args, this.turn + this.link.timeout)
  }

  /** Closes the connection once in-flight calls have completed; no call may follow. */
  async close(): Promise<void> {
    await this.inFlight.idle()
    this.abandoned.abort()
    clearTimeout(this.idleTimer)
    clearTimeout(this.deadlineTimer)
    if (this.mode === 'open') this.write(withSpace(CLIENT_GOODBYE_MESSAGE))
    this.stream?.end()
    this.link.connection.close()
  }

  private scheduleFlush(): void {
    if (this.isFlushScheduled) return
    this.isFlushScheduled = true
    this.turn = now()
    // With no reply outstanding, only further calls of this turn are worth waiting for: they leave
    // together with those that the last replies triggered, one event-loop iteration earlier.
    if (this.pending.isIdle) nextTick(this.flush)
    else setImmediate(this.flush)
  }

  /** Sends all calls of the turn. */
  private readonly flush = (): void => {
    this.isFlushScheduled = false
    this.watch()
    this.replaceSuspect()
    if (this.mode === 'unary' && this.link.connection.current !== this.unarySession) {
      this.mode = 'idle'
    }
    if (this.mode === 'open') this.send()
    else if (this.mode === 'unary') this.sendUnary()
    else if (this.mode === 'idle') void this.open()
  }

  /** Replaces the connection once `process.nextTick` is no longer fake. */
  private replaceSuspect(): void {
    if (isNextTickFake()) this.isSuspect = true
    else if (this.isSuspect) {
      this.isSuspect = false
      this.abandonConnection()
    }
  }

  private abandonConnection(): void {
    const { connection } = this.link
    if (this.stream !== undefined) this.stream.abandon()
    else if (connection.current !== undefined) connection.abandon(connection.current)
  }

  private send(): void {
    const { pending } = this
    for (let batch = pending.nextBatch(); batch !== undefined; batch = pending.nextBatch()) {
      this.write(acknowledging(batch.bytes, pending.acknowledged))
    }
  }

  private write(bytes: Buffer): void {
    this.stream?.send(bytes, MESSAGE_START)
  }

  private sendUnary(): void {
    for (const operation of this.pending.drain()) void this.callUnary(operation)
  }

  private async callUnary(operation: PendingOperation): Promise<void> {
    const timeout = Math.max(1, Math.ceil(operation.deadline - now()))
    const link = { ...this.link, signal: timeoutSignal(timeout) }
    const call = callUnary(link, readEncoded(operation.encoded))
    await call.then((result) => operation.resolve(result as never), operation.reject)
    this.inFlight.leave()
    if (this.inFlight.count === 0) this.scheduleIdle()
  }

  private async open(): Promise<void> {
    this.mode = 'opening'
    const listener: MessageListener = {
      message: (message) => this.receive(message),
      ended: (end) => this.streamEnded(end),
    }
    this.stream = await this.opener.open(listener, this.abandoned.signal)
    if (this.stream === undefined) {
      this.mode = 'idle'
      if (this.link.failFast) this.failUnreachable()
      return
    }
    if (!this.isReferenced) this.stream.unref()
    this.proof = new AccessProof(this.link.accessKey, this.client)
    const hello = { version: VERSION, client: this.client, nonce: this.proof.nonce }
    this.write(withSpace(writeHello(hello)))
  }

  /** Fails all calls: there is no master. */
  private failUnreachable(): void {
    const errorOf = (wasSent: boolean) =>
      wasSent ? connectionLost(this.link) : unavailable(this.link)
    this.pending.expire(Number.POSITIVE_INFINITY, false, errorOf)
    this.scheduleIdle()
  }

  private receive(message: Buffer): void {
    if (this.mode === 'open') this.hasReceived = true
    this.read(message)
    if (this.inFlight.count === 0) this.scheduleIdle()
    else this.scheduleFlush()
  }

  private read(bytes: Buffer): void {
    const { message, pending } = this
    message.reset(bytes, 0, bytes.length)
    for (let tag = message.tag(); tag !== 0; tag = message.tag()) {
      if (this.mode !== 'open') this.readGreeting(tag)
      else if (tag === tagOf(REPLIES, DELIMITED)) this.readReply(message)
      else if (tag === tagOf(TAKEN, FIXED64)) pending.started(message.fixed64())
      else if (tag === tagOf(WELCOME, DELIMITED)) throw MALFORMED
      else if (tag === tagOf(GOODBYE, DELIMITED)) pending.goodbye(readGoodbye(message.slice()))
      else message.skip(tag)
    }
  }

  /** Reads a field of a master that has not welcomed the client: nothing else that it says counts. */
  private readGreeting(tag: number): void {
    const { message, proof } = this
    if (tag === tagOf(WELCOME, DELIMITED)) this.welcome(message.slice())
    else if (tag === tagOf(CHALLENGE, DELIMITED)) {
      this.write(withSpace(writeProof(proof.answer(readChallenge(message.slice())))))
    } else if (tag < tagOf(CHALLENGE, DELIMITED)) throw MALFORMED
    else message.skip(tag)
  }

  private readReply(message: ProtobufReader): void {
    const { replyMessage, reply } = this
    message.delimited()
    replyMessage.reset(message.bytes, message.from, message.to)
    reply.read(replyMessage)
    const operation = this.pending.answered(reply.number)
    if (operation !== undefined) settleReply(operation, reply)
  }

  private welcome(bytes: Buffer): void {
    const { version, master, resumed, maxDataSize, proof } = readWelcome(bytes)
    if (!this.proof.accepts(proof)) {
      this.fail(accessNotProven(this.link))
      return
    }
    if (version !== VERSION) {
      this.fail(versionMismatch(this.link, version))
      return
    }
    this.backoff = MIN_BACKOFF_MS
    this.wasWelcomed = true
    this.mode = 'open'
    this.dataSize = maxDataSize
    this.pending.beginStream(master, resumed)
  }

  private streamEnded(end?: CallEnd): void {
    const { stream } = this
    const wasOpening = this.mode === 'opening'
    this.stream = undefined
    this.mode = 'idle'
    if (wasOpening && stream !== undefined) this.opener.refused(stream)
    if (end === undefined) this.reopen()
    else this.grpcStreamEnded(end, wasOpening)
  }

  private grpcStreamEnded(end: CallEnd, wasOpening: boolean): void {
    const lacksStream = wasOpening && end.status === Status.UNIMPLEMENTED
    if (lacksStream && this.link.accessKey === undefined) this.fallBackToUnary()
    else if (!isGrpc(end.headers)) this.fail(notMaster(this.link))
    else if (lacksStream || PERMANENT.has(end.status)) this.fail(this.refusal(end, wasOpening))
    else this.reopen()
  }

  /** Why a master does not serve this client. What one says that has not proved the key is not passed on. */
  private refusal({ status, text, headers }: CallEnd, wasOpening: boolean): Error {
    const { link } = this
    if (status === Status.UNAUTHENTICATED) return accessRefused(link)
    if (wasOpening && link.accessKey !== undefined) return accessNotProven(link)
    return errorOfStatus(status ?? Status.INTERNAL, text, headers[CODE_HEADER], link.address)
  }

  private reopen(): void {
    this.mode = 'idle'
    if (this.inFlight.count === 0) return
    this.mode = 'opening'
    const backoff = this.link.failFast ? MIN_BACKOFF_MS : this.backoff
    setTimeout(() => this.open(), backoff * (0.5 + Math.random() / 2))
    this.backoff = Math.min(2 * this.backoff, MAX_BACKOFF_MS)
  }

  private fail(error: Error): void {
    this.pending.fail(error)
    this.scheduleIdle()
    this.stream?.cancel()
  }

  private fallBackToUnary(): void {
    this.mode = 'unary'
    this.unarySession = this.link.connection.current
    this.dataSize = DEFAULT_DATA_SIZE
    this.sendUnary()
  }

  /** While calls are in flight, the process is kept alive and deadlines are checked. */
  private watch(): void {
    if (!this.isReferenced) {
      this.isReferenced = true
      this.link.connection.ref()
      this.stream?.ref()
    }
    if (this.deadlineTimer !== undefined) return
    this.hasReceived = false
    this.deadlineTimer = setTimeout(this.expire, this.link.timeout).unref()
  }

  private readonly expire = (): void => {
    this.deadlineTimer = undefined
    const isStreaming = this.mode === 'open'
    const before = this.inFlight.count
    const next = this.pending.expire(now(), isStreaming, this.errorOfExpired)
    if (before > this.inFlight.count) this.checkSession()
    this.hasReceived = false
    if (next === undefined) {
      this.abandoned.abort()
      this.abandoned = new AbortController()
      this.scheduleIdle()
      return
    }
    const rest = Math.max(1, next - now())
    this.deadlineTimer = setTimeout(this.expire, rest).unref()
  }

  /**
   * Calls have expired: abandons a session that was silent for long, and pings any other. A local socket
   * loses nothing as long as both ends live, so it is kept.
   */
  private checkSession(): void {
    if (this.stream?.transport === 'local') return
    if (this.hasReceived || this.mode === 'unary') this.link.connection.check()
    else this.abandonConnection()
  }

  private readonly errorOfExpired = (wasSent: boolean): Error => {
    const hasNoAnswer = this.stream !== undefined || this.link.connection.isSilent
    const isSilent = this.mode === 'open' || (this.wasWelcomed && hasNoAnswer)
    return wasSent || isSilent ? deadlineExceeded(this.link) : unavailable(this.link)
  }

  private scheduleIdle(): void {
    this.idleTimer ??= setTimeout(this.idle, IDLE_MS).unref()
  }

  private readonly idle = (): void => {
    this.idleTimer = undefined
    if (this.inFlight.count > 0 || !this.isReferenced) return
    this.isReferenced = false
    this.link.connection.unref()
    this.stream?.unref()
    // The master can drop the last replies from its reply log.
    if (this.mode === 'open') this.write(acknowledgement(this.pending.acknowledged))
  }
}
