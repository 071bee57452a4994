/**
 * A client's calls by the batch stream: all that are made in one turn of the event loop leave in one
 * message. A master that does not have the stream is served by the unary methods; which one it is, is
 * found out once a connection.
 *
 *   idle ─ a call ─▶ opening ─ Welcome ─▶ open ─ stream lost ─▶ idle
 *                       └─ UNIMPLEMENTED ─▶ unary ─ connection lost ─▶ idle
 */
import { randomBytes } from 'node:crypto'
import type { ClientHttp2Session } from 'node:http2'
import { DEFAULT_DATA_SIZE } from '../../options/store-options.js'
import {
  BATCH_METHOD,
  CLIENT_GOODBYE,
  GOODBYE,
  ID_BYTES,
  readGoodbye,
  readWelcome,
  TAKEN_TAG,
  VERSION,
  WELCOME,
  writeHello,
} from '../wire/batch-messages.js'
import { type OperationArguments, revisit } from '../wire/batch-operation.js'
import { REPLIES, ReplyReader } from '../wire/batch-reply.js'
import { InFlight } from '../wire/in-flight.js'
import { DELIMITED, MALFORMED, ProtobufReader, tagOf } from '../wire/protobuf.js'
import { CODE_HEADER, errorOfStatus, Status } from '../wire/status.js'
import { address, emptyMessage } from './batch-writer.js'
import { newer, noMaster, tooLate, unavailable } from './connection-errors.js'
import { type CallEnd, framed, isGrpc, requestHeaders } from './grpc-call.js'
import { GrpcStream } from './grpc-stream.js'
import type { Calls, Link } from './link.js'
import { PendingOperations } from './pending-operations.js'
import { settle } from './settle-reply.js'
import { UnaryClient } from './unary-client.js'

/** Between two attempts to open a stream, in milliseconds. */
const FIRST_WAIT_MS = 5
const LONGEST_WAIT_MS = 500
/** How long nothing is called before the client lets its process end, in milliseconds. */
const IDLE_MS = 5
/** The largest data that any master takes: what is known before it has said. */
const LARGEST_DATA_SIZE = 65_536

/** Statuses that another attempt would end with as well. */
const FINAL: ReadonlySet<number> = new Set([
  Status.INVALID_ARGUMENT,
  Status.FAILED_PRECONDITION,
  Status.UNAUTHENTICATED,
])

type Mode = 'idle' | 'opening' | 'open' | 'unary'

/** The calls of one client. */
export class BatchClient implements Calls {
  dataSize = LARGEST_DATA_SIZE
  private readonly link: Link
  private readonly client = randomBytes(ID_BYTES)
  private readonly inFlight = new InFlight()
  private readonly backlog: PendingOperations
  private readonly reader = new ProtobufReader(emptyMessage())
  private readonly part = new ProtobufReader(emptyMessage())
  private readonly reply = new ReplyReader()
  private mode: Mode = 'idle'
  private stream: GrpcStream | undefined
  /** The connection whose master has only the unary methods. */
  private unarySession: ClientHttp2Session | undefined
  private nobodyWaits = new AbortController()
  private wait = FIRST_WAIT_MS
  private wasWelcome = false
  private isHeld = false
  private isFlushing = false
  private turn = 0
  private idling: NodeJS.Timeout | undefined
  private expiring: NodeJS.Timeout | undefined

  constructor(link: Link) {
    this.link = link
    this.backlog = new PendingOperations(link.address, this.inFlight)
  }

  call<T>(args: OperationArguments): Promise<T> {
    if (this.mode === 'unary') {
      if (this.link.connection.current === this.unarySession) return this.callUnary<T>(args)
      this.mode = 'idle'
    }
    this.flushSoon()
    return this.backlog.add<T>(args, this.turn + this.link.timeout)
  }

  private async callUnary<T>(args: OperationArguments, timeout = this.link.timeout): Promise<T> {
    this.inFlight.enter()
    try {
      return await new UnaryClient({ ...this.link, timeout }).call<T>(args)
    } finally {
      this.inFlight.leave()
    }
  }

  async close(): Promise<void> {
    await this.inFlight.idle()
    clearTimeout(this.idling)
    clearTimeout(this.expiring)
    if (this.mode === 'open') this.stream?.send(framed(CLIENT_GOODBYE))
    this.stream?.end()
    this.link.connection.close()
  }

  private flushSoon(): void {
    if (this.isFlushing) return
    this.isFlushing = true
    this.turn = performance.now()
    // With nothing on its way there is nothing to wait for but what else is called right now: it leaves
    // with what the last replies set off, a round of the event loop earlier.
    if (this.backlog.isQuiet) process.nextTick(this.flush)
    else setImmediate(this.flush)
  }

  /** The end of a turn: everything that was called in it is sent. */
  private readonly flush = (): void => {
    this.isFlushing = false
    this.watch()
    if (this.mode === 'open') this.send()
    else if (this.mode === 'idle') void this.open()
  }

  private send(): void {
    for (let batch = this.backlog.take(); batch !== undefined; batch = this.backlog.take()) {
      this.stream?.send(address(batch.bytes, this.backlog.acknowledged))
    }
  }

  private async open(): Promise<void> {
    const { connection } = this.link
    this.mode = 'opening'
    const session = await connection.established(this.nobodyWaits.signal)
    if (session === undefined) {
      this.mode = 'idle'
      return
    }
    try {
      const headers = requestHeaders(BATCH_METHOD, this.link)
      this.stream = new GrpcStream(session, headers, {
        message: (message) => this.take(message),
        // What was sent may come again over another connection; this one may be out of step for good.
        garbled: () => connection.abandon(session),
        ended: (ending) => this.end(session, ending),
      })
      this.stream.send(framed(writeHello({ version: VERSION, client: this.client })))
    } catch {
      connection.abandon(session)
      this.tryAgain()
    }
  }

  private take(message: Buffer): void {
    this.read(message)
    if (this.inFlight.count === 0) this.idleSoon()
    else this.flushSoon()
  }

  private read(message: Buffer): void {
    const { reader } = this
    reader.reset(message, 0, message.length)
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === tagOf(REPLIES, DELIMITED)) this.readReply(reader)
      else if (tag === TAKEN_TAG) this.backlog.begun(reader.fixed64())
      else if (tag === tagOf(WELCOME, DELIMITED)) this.welcome(reader.slice())
      else if (tag === tagOf(GOODBYE, DELIMITED)) this.backlog.goodbye(readGoodbye(reader.slice()))
      else reader.skip(tag)
    }
  }

  private readReply(reader: ProtobufReader): void {
    const { part, reply } = this
    reader.part()
    part.reset(reader.bytes, reader.from, reader.to)
    reply.read(part)
    const operation = this.backlog.answered(reply.number)
    if (operation !== undefined) settle(operation, reply)
  }

  private welcome(bytes: Buffer): void {
    if (this.mode === 'open') throw MALFORMED
    const { version, master, resumed, maxDataSize } = readWelcome(bytes)
    if (version !== VERSION) {
      this.fail(newer(this.link, version))
      return
    }
    this.wait = FIRST_WAIT_MS
    this.wasWelcome = true
    this.mode = 'open'
    this.dataSize = maxDataSize
    this.backlog.begin(master, resumed)
  }

  private end(session: ClientHttp2Session, ending: CallEnd): void {
    const wasOpening = this.mode === 'opening'
    const { status, text, headers } = ending
    this.stream = undefined
    this.mode = 'idle'
    if (wasOpening && status === Status.UNIMPLEMENTED) this.fallBack(session)
    else if (!isGrpc(headers)) this.fail(noMaster(this.link))
    else if (status !== undefined && FINAL.has(status)) {
      this.fail(errorOfStatus(status, text, headers[CODE_HEADER], this.link.address))
    } else this.tryAgain()
  }

  private tryAgain(): void {
    this.mode = 'idle'
    if (this.inFlight.count === 0) return
    this.mode = 'opening'
    setTimeout(() => this.open(), this.wait * (0.5 + Math.random() / 2))
    this.wait = Math.min(2 * this.wait, LONGEST_WAIT_MS)
  }

  private fail(error: Error): void {
    this.backlog.fail(error)
    this.idleSoon()
    this.stream?.cancel()
  }

  /** The master has only the unary methods: what waits goes there. */
  private fallBack(session: ClientHttp2Session): void {
    this.mode = 'unary'
    this.unarySession = session
    this.dataSize = DEFAULT_DATA_SIZE
    for (const { written, deadline, resolve, reject } of this.backlog.drain()) {
      const timeout = Math.max(1, Math.ceil(deadline - performance.now()))
      this.callUnary<never>(revisit(written), timeout).then(resolve, reject)
      this.inFlight.leave()
    }
    this.idleSoon()
  }

  /** Somebody waits: the process is kept alive, and what takes too long is told. */
  private watch(): void {
    if (!this.isHeld) {
      this.isHeld = true
      this.link.connection.hold()
    }
    this.expiring ??= setTimeout(this.expire, this.link.timeout).unref()
  }

  private readonly expire = (): void => {
    this.expiring = undefined
    const isStreaming = this.mode === 'open'
    const before = this.inFlight.count
    const next = this.backlog.expire(performance.now(), isStreaming, this.errorOfLate)
    if (before > this.inFlight.count) this.link.connection.check()
    if (next === undefined) {
      this.giveUp()
      return
    }
    const rest = Math.max(1, next - performance.now())
    this.expiring = setTimeout(this.expire, rest).unref()
  }

  private readonly errorOfLate = (wasSent: boolean): Error => {
    const isSilent = this.mode === 'open' || (this.wasWelcome && this.link.connection.isSilent)
    return wasSent || isSilent ? tooLate(this.link) : unavailable(this.link)
  }

  /** Nobody waits for a master any more. */
  private giveUp(): void {
    this.nobodyWaits.abort()
    this.nobodyWaits = new AbortController()
    this.idleSoon()
  }

  private idleSoon(): void {
    this.idling ??= setTimeout(this.idle, IDLE_MS).unref()
  }

  private readonly idle = (): void => {
    this.idling = undefined
    if (this.inFlight.count > 0 || !this.isHeld) return
    this.isHeld = false
    this.link.connection.release()
    // The master need not keep the last replies any longer.
    if (this.mode === 'open') this.stream?.send(address(emptyMessage(), this.backlog.acknowledged))
  }
}
