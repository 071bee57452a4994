/** The batch stream of `proto/batch.proto`, served through grpc-js. */
import { randomBytes } from 'node:crypto'
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import { unwrap } from '../../engine/engine.js'
import { MAX_REPLIES_BYTES } from '../../engine/native.js'
import { fromEngine } from '../../errors.js'
import { ACCESS_HEADER } from '../wire/access-key.js'
import { BATCH_METHOD, ID_BYTES } from '../wire/batch-messages.js'
import { BatchPump, type BatchStream, type SharedPumpState } from './batch-pump.js'
import { checkServing, failStream, type RequestGuard, rawMethod } from './request-guard.js'
import type { Served } from './served.js'
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
    served: Served,
    private readonly guard: RequestGuard,
    accessKey: string | undefined,
  ) {
    this.shared = {
      sessions: served.serve(randomBytes(ID_BYTES), accessKey),
      guard,
      unproven: new UnprovenStreams(),
      out: Buffer.allocUnsafeSlow(MAX_REPLIES_BYTES),
      cachedBytes: served.cachedBytes,
      lastActive: undefined,
    }
  }

  /** The methods of the service. */
  get methods(): UntypedServiceImplementation {
    return { Exchange: (stream: BatchStream) => this.accept(stream) }
  }

  /** Starts no further operation. Resolves when those that were started are answered. */
  async halt(): Promise<void> {
    for (const pump of this.pumps) pump.halt()
    unwrap(await this.shared.sessions.halt())
  }

  /** Ends all streams gracefully. */
  goodbye(): void {
    for (const pump of this.pumps) pump.goodbye()
    this.shared.sessions.close()
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
