/** The batch stream of `proto/batch.proto`, as a master serves it through grpc-js. */
import { randomBytes } from 'node:crypto'
import type {
  ServerDuplexStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { CRUDJTError, typeError } from '../../errors.js'
import { BATCH_METHOD, ID_BYTES } from '../wire/batch-messages.js'
import { MALFORMED } from '../wire/protobuf.js'
import { BatchSession, type SharedSessionState, type Transport } from './batch-session.js'
import { OperationRunner } from './operation-runner.js'
import { ReplyLogs } from './reply-logs.js'
import type { StoreOperations } from './store-operations.js'
import { checkIn, type RequestGuard, refusalStatus } from './token-service.js'

/**
 * How many streams one connection may have. A client has one, and for a moment two; each can make the
 * master hold 16 messages before it is read no more.
 */
const MOST_STREAMS = 4

const asItIs = (message: Buffer) => message

/** How grpc-js serves the stream: as bytes. */
export const batchService: ServiceDefinition = {
  Exchange: {
    path: BATCH_METHOD,
    requestStream: true,
    responseStream: true,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  },
}

type Stream = ServerDuplexStream<Buffer, Buffer>

/** All batch streams of one master. */
export class BatchStreams {
  private readonly hall: SharedSessionState
  private readonly gate: RequestGuard
  private readonly sessions = new Set<BatchSession>()
  private readonly peers = new Map<string, number>()

  constructor(operations: StoreOperations, gate: RequestGuard) {
    this.gate = gate
    this.hall = {
      carrier: new OperationRunner(operations, gate.inFlight),
      ledgers: new ReplyLogs(),
      master: randomBytes(ID_BYTES),
      maxDataSize: operations.dataSize,
      last: undefined,
    }
  }

  /** The methods of the service. */
  get methods(): UntypedServiceImplementation {
    return { Exchange: (stream: Stream) => this.take(stream) }
  }

  /** Begins nothing more. */
  halt(): void {
    for (const session of this.sessions) session.halt()
  }

  /** Ends all streams in order. */
  bye(): void {
    for (const session of this.sessions) session.bye()
  }

  private take(stream: Stream): void {
    const peer = stream.getPeer()
    const leave = this.enter(peer)
    stream.once('close', leave)
    try {
      checkIn(this.gate, stream.metadata, peer)
      this.checkStreams(peer)
    } catch (error) {
      end(stream, error)
      return
    }
    const session = new BatchSession(this.hall, outletOf(stream))
    this.sessions.add(session)
    stream.on('data', (message: Buffer) => session.receive(message))
    stream.once('end', () => session.finish())
    stream.once('cancelled', () => session.lose())
    stream.once('close', () => {
      session.lose()
      this.sessions.delete(session)
      if (this.hall.last === session) this.hall.last = undefined
    })
  }

  /** Counts a stream of a peer, until what it gives back is called. */
  private enter(peer: string): () => void {
    this.peers.set(peer, (this.peers.get(peer) ?? 0) + 1)
    return () => {
      const left = (this.peers.get(peer) ?? 1) - 1
      if (left === 0) this.peers.delete(peer)
      else this.peers.set(peer, left)
    }
  }

  private checkStreams(peer: string): void {
    // A Unix socket tells nothing of its peer, which can only be a process of the same user.
    if (peer === 'unknown' || (this.peers.get(peer) ?? 0) <= MOST_STREAMS) return
    const message = `A connection can have ${MOST_STREAMS} batch streams at most`
    throw new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
  }
}

function outletOf(stream: Stream): Transport {
  return {
    send: (message, sent) => stream.write(message, sent),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end: (error) => end(stream, error),
  }
}

function end(stream: Stream, error: unknown): void {
  if (error === undefined) stream.end()
  else stream.emit('error', refusalStatus(error === MALFORMED ? malformed() : error))
}

function malformed(): Error {
  return typeError('ERR_CRUDJT_DATA', 'The message is none of the batch stream')
}
