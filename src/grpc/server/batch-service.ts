/** The batch stream of `proto/batch.proto`, served through grpc-js. */
import { randomBytes } from 'node:crypto'
import type {
  ServerDuplexStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { CRUDJTError } from '../../errors.js'
import { BATCH_METHOD, ID_BYTES } from '../wire/batch-messages.js'
import { BatchSession, type SharedSessionState, type Transport } from './batch-session.js'
import { OperationRunner } from './operation-runner.js'
import { ReplyLogs } from './reply-logs.js'
import { checkAdmission, grpcErrorOf, type RequestGuard, rawMethod } from './request-guard.js'
import type { StoreOperations } from './store-operations.js'

/**
 * The most streams per connection. A client has one, and briefly two; each can make the master buffer 16
 * messages before backpressure stops it.
 */
const MAX_STREAMS = 4

/** The service's definition for grpc-js. */
export const batchService: ServiceDefinition = { Exchange: rawMethod(BATCH_METHOD, true) }

type Stream = ServerDuplexStream<Buffer, Buffer>

/** All batch streams of one master. */
export class BatchStreams {
  private readonly shared: SharedSessionState
  private readonly sessions = new Set<BatchSession>()
  private readonly streamsByPeer = new Map<string, number>()

  constructor(
    operations: StoreOperations,
    private readonly guard: RequestGuard,
  ) {
    this.shared = {
      runner: new OperationRunner(operations, guard.inFlight),
      replyLogs: new ReplyLogs(),
      master: randomBytes(ID_BYTES),
      maxDataSize: operations.dataSize,
      lastActive: undefined,
    }
  }

  /** The methods of the service. */
  get methods(): UntypedServiceImplementation {
    return { Exchange: (stream: Stream) => this.accept(stream) }
  }

  /** Starts no further operation. */
  halt(): void {
    for (const session of this.sessions) session.halt()
  }

  /** Ends all streams gracefully. */
  goodbye(): void {
    for (const session of this.sessions) session.goodbye()
  }

  private accept(stream: Stream): void {
    const peer = stream.getPeer()
    stream.once('close', this.countStream(peer))
    try {
      checkAdmission(this.guard, stream.metadata, peer)
      this.checkStreams(peer)
    } catch (error) {
      end(stream, error)
      return
    }
    const session = new BatchSession(this.shared, transportOf(stream))
    this.sessions.add(session)
    stream.on('data', (message: Buffer) => session.receive(message))
    stream.once('end', () => session.finish())
    stream.once('cancelled', () => session.disconnect())
    stream.once('close', () => {
      session.disconnect()
      this.sessions.delete(session)
      if (this.shared.lastActive === session) this.shared.lastActive = undefined
    })
  }

  /** Counts a stream of a peer until the returned function is called. */
  private countStream(peer: string): () => void {
    this.streamsByPeer.set(peer, (this.streamsByPeer.get(peer) ?? 0) + 1)
    return () => {
      const left = (this.streamsByPeer.get(peer) ?? 1) - 1
      if (left === 0) this.streamsByPeer.delete(peer)
      else this.streamsByPeer.set(peer, left)
    }
  }

  private checkStreams(peer: string): void {
    // A Unix socket does not identify its peer, which can only be a process of the same user.
    if (peer === 'unknown' || (this.streamsByPeer.get(peer) ?? 0) <= MAX_STREAMS) return
    const message = `A connection can have at most ${MAX_STREAMS} batch streams`
    throw new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
  }
}

function transportOf(stream: Stream): Transport {
  return {
    send: (message, onSent) => stream.write(message, onSent),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end: (error) => end(stream, error),
  }
}

function end(stream: Stream, error: unknown): void {
  if (error === undefined) stream.end()
  else stream.emit('error', grpcErrorOf(error))
}
