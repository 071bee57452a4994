/**
 * Pumps the messages of one batch stream between grpc-js and the engine's session, which runs their
 * operations and keeps what a client is owed.
 *
 * Invariants: while too many bytes are unsent, or the session says so, nothing is read (backpressure);
 * between two slices of operations the event loop continues.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js'
import { type NativeSession, type NativeSessions, SessionState } from '../../engine/native.js'
import { type EngineFailure, fromEngine } from '../../errors.js'
import { setImmediate } from '../../timers.js'
import { accessRefused, failStream, type RequestGuard } from './request-guard.js'
import type { UnprovenStream, UnprovenStreams } from './unproven-streams.js'

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

/** A batch stream as grpc-js serves it. */
export type BatchStream = ServerDuplexStream<Buffer, Buffer>

/** What the pumps of one master share. */
export interface SharedPumpState {
  readonly sessions: NativeSessions
  readonly guard: RequestGuard
  readonly unproven: UnprovenStreams
  /** Where sessions write their messages. */
  readonly out: Buffer
  /** The pump that ran the last slice. */
  lastActive: BatchPump | undefined
}

/** One stream of one client. */
export class BatchPump implements UnprovenStream {
  private readonly session: NativeSession
  private state: number = SessionState.IDLE
  private unsent = 0
  private isEnded = false
  private isHalted = false
  private isScheduled = false
  private isPaused = false

  /**
   * Throws what `fromEngine` takes if there are too many sessions.
   * @param isAdmitted false: the client must prove the access key
   */
  constructor(
    private readonly shared: SharedPumpState,
    private readonly stream: BatchStream,
    private isAdmitted: boolean,
  ) {
    this.session = shared.sessions.open(() => this.wake(), isAdmitted)
    if (!isAdmitted) shared.unproven.add(this)
    stream.on('data', (message: Buffer) => this.receive(message))
    stream.once('end', () => this.finish())
    stream.once('cancelled', () => this.disconnect())
  }

  /** The stream is lost; the client may reconnect. */
  disconnect(): void {
    this.isEnded = true
    this.session.close()
    this.shared.unproven.remove(this)
    if (this.shared.lastActive === this) this.shared.lastActive = undefined
  }

  /** Reads nothing more: the master is shutting down. */
  halt(): void {
    this.isHalted = true
    this.stream.pause()
  }

  /** Sends the last replies and the number of the last operation that was started; ends the stream. */
  goodbye(): void {
    if (this.isEnded) return
    this.guarded(() => {
      this.sendLate()
      this.send(this.session.goodbye(this.shared.out))
      this.stream.end()
    })
    this.disconnect()
  }

  giveWay(error: Error): void {
    this.fail(error)
  }

  refuse(): void {
    this.fail(this.accessRefused())
  }

  private receive(message: Buffer): void {
    if (this.isEnded || this.isHalted) return
    this.guarded(() => {
      if (this.session.receive(message) === 0) this.pause()
    })
    if (this.isScheduled || this.state === SessionState.WAITING) return
    if (this.isAlone) this.work()
    // Runs together with whatever else arrives in this turn.
    else this.schedule()
  }

  /** The client has ended its side; a lost connection looks the same. */
  private finish(): void {
    this.stream.end()
    this.disconnect()
  }

  /** Late replies are there, or the session can go on. */
  private wake(): void {
    if (this.isEnded || this.isHalted) return
    this.guarded(() => this.sendLate())
    this.drained()
  }

  private drained(): void {
    const isDone = this.state === SessionState.IDLE && !this.isPaused
    if (!isDone && !this.isScheduled && !this.isFull) this.schedule()
  }

  private schedule(): void {
    this.isScheduled = true
    setImmediate(() => {
      this.isScheduled = false
      this.work()
    })
  }

  /** Runs a slice of the operations that have arrived. */
  private work(): void {
    if (this.isEnded || this.isHalted) return
    this.guarded(() => {
      const size = this.isAlone ? SLICE : SHARED_SLICE
      this.shared.lastActive = this
      const worked = this.session.work(size, this.shared.out)
      this.send(worked >> 2)
      this.state = worked & 3
      if (!this.isAdmitted) this.checkAdmission()
      if (this.isFull || this.state === SessionState.WAITING) this.pause()
      else if (this.state === SessionState.MORE) this.schedule()
      else this.resume()
    })
  }

  private checkAdmission(): void {
    this.isAdmitted = this.session.isAdmitted() === 1
    if (this.isAdmitted) this.shared.unproven.remove(this)
  }

  private get isAlone(): boolean {
    return this.shared.lastActive === this
  }

  private get isFull(): boolean {
    return this.unsent > MAX_UNSENT
  }

  private sendLate(): void {
    for (;;) {
      const length = this.session.late(this.shared.out)
      if (length === 0) return
      this.send(length)
    }
  }

  /** Sends what the session has written. @param length 0 if it has written nothing */
  private send(length: number): void {
    if (length === 0) return
    this.unsent += length
    this.stream.write(Buffer.from(this.shared.out.subarray(0, length)), () => {
      this.unsent -= length
      if (!this.isEnded) this.drained()
    })
  }

  private pause(): void {
    if (this.isPaused) return
    this.isPaused = true
    this.stream.pause()
  }

  private resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.stream.resume()
  }

  /** Ends the stream with the error, if there is one. */
  private guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      const isRefused = (error as EngineFailure).code === 'ERR_CRUDJT_UNAUTHENTICATED'
      this.fail(isRefused ? this.accessRefused() : fromEngine(error))
    }
  }

  private fail(error: unknown): void {
    if (!this.isEnded) failStream(this.stream, error)
    this.disconnect()
  }

  private accessRefused(): Error {
    return accessRefused(this.shared.guard, this.stream.getPeer())
  }
}
