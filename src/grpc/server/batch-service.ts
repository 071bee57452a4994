/** The batch stream of `proto/batch.proto`, served through grpc-js. */
import { randomBytes } from 'node:crypto'
import type {
  ServerDuplexStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { BATCH_METHOD, ID_BYTES } from '../wire/batch-messages.js'
import { BatchSession, type SharedSessionState, type Transport } from './batch-session.js'
import { OperationRunner } from './operation-runner.js'
import { ReplyLogs } from './reply-logs.js'
import { checkAdmission, failStream, type RequestGuard, rawMethod } from './request-guard.js'
import type { StoreOperations } from './store-operations.js'
import { StreamLimit } from './stream-limit.js'

/** The service's definition for grpc-js. */
export const batchService: ServiceDefinition = { Exchange: rawMethod(BATCH_METHOD, true) }

type Stream = ServerDuplexStream<Buffer, Buffer>

/** All batch streams of one master. */
export class BatchStreams {
  private readonly shared: SharedSessionState
  private readonly sessions = new Set<BatchSession>()
  private readonly limit = new StreamLimit('batch')

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
    try {
      checkAdmission(this.guard, stream.metadata, stream.getPeer())
      this.limit.add(stream)
    } catch (error) {
      failStream(stream, error)
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
  else failStream(stream, error)
}
