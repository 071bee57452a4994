/**
 * A master: one store, served on one port. Calls of its own process and calls over the wire use the same
 * engine.
 *
 * Invariant: it shuts down gracefully. New calls are refused, in-flight calls complete, the port is
 * closed; only then does its owner close the store.
 */
import type { Socket } from 'node:net'
import { type MasterOptions, warn } from '../../options/store-options.js'
import { delay, nextTick } from '../../timers.js'
import { AccessKey } from '../wire/access-key.js'
import { type Address, addressOf, addressText } from '../wire/address.js'
import { locateGrpcJs } from '../wire/grpc-js.js'
import { InFlight } from '../wire/in-flight.js'
import { BatchStreams } from './batch-service.js'
import { GrpcServer } from './grpc-server.js'
import { type Listening, listen } from './listen.js'
import { RateLimitedEvent } from './rate-limited-event.js'
import { RefusedCalls } from './refused-calls.js'
import type { RequestGuard } from './request-guard.js'
import type { Served } from './served.js'
import { StoreCondition } from './store-condition.js'
import { StoreOperations } from './store-operations.js'

/** How long clients have to receive their last replies during a shutdown, in milliseconds. */
const GRACE_PERIOD_MS = 500

/** A running master. */
export class Master {
  /** The address it listens on. */
  readonly address: Address

  private constructor(
    private readonly services: Services,
    private readonly listening: Listening,
  ) {
    this.address = listening.address
  }

  /**
   * Serves an open store.
   * @throws CRUDJTError `ERR_CRUDJT_LISTEN`; TypeError `ERR_CRUDJT_OPTION`
   */
  static async start(
    served: Served,
    options: MasterOptions,
    condition = new StoreCondition(),
  ): Promise<Master> {
    locateGrpcJs()
    const services = new Services(served, options, condition)
    const listening = await listen(addressOf(options), {
      connection: (socket) => services.serve(socket),
      error: (error) => services.turnedAway("a connection can't be accepted", error),
    })
    if (!listening.isLocal && !services.guard.access.isRequired) {
      warnOfOpenPort(listening.address, options)
    }
    return new Master(services, listening)
  }

  /** Completes in-flight calls and closes the port. */
  async stop(): Promise<void> {
    const { guard, streams } = this.services
    guard.isClosing = true
    this.services.server?.announceShutdown()
    await Promise.all([streams.halt(), guard.inFlight.idle()])
    streams.goodbye()
    this.listening.close()
    // Do not wait longer for a client that keeps a stream open or does not read.
    const grace = delay(GRACE_PERIOD_MS, undefined, { ref: false })
    await Promise.race([this.services.server?.shutdown(), grace])
    this.listening.destroyConnections()
  }
}

/** What a master serves its connections with. */
class Services {
  readonly guard: RequestGuard
  readonly streams: BatchStreams
  /** The server, from the first connection on. */
  server: GrpcServer | undefined
  private readonly failures: RateLimitedEvent
  private readonly operations: StoreOperations

  constructor(
    served: Served,
    { access_key, onError = warn }: MasterOptions,
    private readonly condition: StoreCondition,
  ) {
    const access = new AccessKey(access_key)
    const refused = new RefusedCalls(onError)
    this.failures = new RateLimitedEvent('CRUDJT_NOT_SERVING', onError)
    this.guard = { access, refused, inFlight: new InFlight(), isClosing: false }
    this.operations = new StoreOperations(served)
    this.streams = new BatchStreams(served, this.guard, access_key)
  }

  /** Serves a connection. If grpc-js can't be loaded, that is closed, and the next one tries again. */
  serve(socket: Socket): void {
    // A connection that is lost is not an error.
    socket.on('error', () => {})
    try {
      this.server ??= new GrpcServer(this.operations, this.guard, this.streams, this.condition)
      this.server.serve(socket)
    } catch (error) {
      socket.destroy()
      this.turnedAway("the gRPC library can't be loaded", error)
    }
  }

  /** Reports that a connection was not served. */
  turnedAway(reason: string, error: unknown): void {
    // The other lines say which modules asked for one that is missing.
    const [details] = String((error as Error)?.message ?? error).split('\n')
    this.failures.add(() => `A client was turned away: ${reason}: ${details}`)
  }
}

function warnOfOpenPort(address: Address, options: MasterOptions): void {
  const message = `Anyone who can reach ${addressText(address)} can use this store: set access_key, or listen on 127.0.0.1`
  nextTick(options.onError ?? warn, { code: 'CRUDJT_OPEN_PORT', message })
}
