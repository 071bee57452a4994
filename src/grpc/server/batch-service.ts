/** The batch stream of `proto/batch.proto`, served through grpc-js. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import { MAX_REPLIES_BYTES, type NativeSessions } from '../../engine/native.js'
import { fromEngine } from '../../errors.js'
import { ACCESS_HEADER } from '../wire/access-key.js'
import { BATCH_METHOD } from '../wire/batch-messages.js'
import { BatchPump, type BatchStream, type SharedPumpState } from './batch-pump.js'
import { checkServing, failStream, type RequestGuard, rawMethod } from './request-guard.js'
import { StreamLimit } from './stream-limit.js'
import { UnprovenStreams } from './unproven-streams.js'

/** The service's definition for grpc-js. */
export const batchService: ServiceDefinition = { Exchange: rawMethod(BATCH_METHOD, true) }

/** All batch streams of one master. */
export class BatchStreams {
  private readonly shared: SharedPumpState
  private readonly pumps = new Set<BatchPump>()
  private readonly limit = new StreamLimit('batch')

  constructor(
    sessions: NativeSessions,
    private readonly guard: RequestGuard,
  ) {
    const out = Buffer.allocUnsafeSlow(MAX_REPLIES_BYTES)
    const unproven = new UnprovenStreams()
    this.shared = { sessions, guard, unproven, out, lastActive: undefined }
  }

  /** The methods of the service. */
  get methods(): UntypedServiceImplementation {
    return { Exchange: (stream: BatchStream) => this.accept(stream) }
  }

  /** Reads nothing more: the sessions are to be halted. */
  halt(): void {
    for (const pump of this.pumps) pump.halt()
  }

  /** Ends all streams gracefully. */
  goodbye(): void {
    for (const pump of this.pumps) pump.goodbye()
  }

  private accept(stream: BatchStream): void {
    try {
      checkServing(this.guard)
      this.limit.add(stream)
      const [header] = stream.metadata.get(ACCESS_HEADER)
      const pump = new BatchPump(this.shared, stream, this.guard.access.admits(header))
      this.pumps.add(pump)
      stream.once('close', () => {
        pump.disconnect()
        this.pumps.delete(pump)
      })
    } catch (error) {
      failStream(stream, fromEngine(error))
    }
  }
}
