/**
 * A master: one store, served on one port. Calls of its own process and calls over the wire use the same
 * engine.
 *
 * Invariant: it shuts down gracefully. New calls are refused, in-flight calls complete, the port is
 * closed; only then does its owner close the store.
 */
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type MasterOptions, warn } from '../../options/store-options.js'
import { AccessKey } from '../wire/access-key.js'
import { type Address, addressOf, addressText } from '../wire/address.js'
import { InFlight } from '../wire/in-flight.js'
import { BatchStreams } from './batch-service.js'
import { GrpcServer } from './grpc-server.js'
import { type Listening, listen } from './listen.js'
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
    const services = new Services(served, options, condition)
    const listening = await listen(addressOf(options), (socket) => void services.serve(socket))
    if (!listening.isLocal && !services.guard.access.isRequired) {
      warnOfOpenPort(listening.address, options)
    }
    return new Master(services, listening)
  }

  /** Completes in-flight calls and closes the port. */
  async stop(): Promise<void> {
    const { guard, streams } = this.services
    guard.isClosing = true
    const server = await this.services.server
    server?.announceShutdown()
    streams.halt()
    await guard.inFlight.idle()
    streams.goodbye()
    this.listening.close()
    // Do not wait longer for a client that keeps a stream open or does not read.
    await Promise.race([server?.shutdown(), delay(GRACE_PERIOD_MS, undefined, { ref: false })])
    this.listening.destroyConnections()
  }
}

/** What a master serves its connections with. */
class Services {
  readonly guard: RequestGuard
  readonly streams: BatchStreams
  /** The server, from the first connection on. */
  server: Promise<GrpcServer> | undefined
  private readonly operations: StoreOperations

  constructor(
    served: Served,
    { access_key, onError = warn }: MasterOptions,
    private readonly condition: StoreCondition,
  ) {
    const access = new AccessKey(access_key)
    const refused = new RefusedCalls(onError)
    this.guard = { access, refused, inFlight: new InFlight(), isClosing: false }
    this.operations = new StoreOperations(served)
    this.streams = new BatchStreams(this.operations, this.guard)
  }

  async serve(socket: Socket): Promise<void> {
    // A connection that is lost while the server loads is not an error.
    socket.on('error', () => {})
    this.server ??= GrpcServer.load(this.operations, this.guard, this.streams, this.condition)
    const server = await this.server
    if (!socket.destroyed) server.serve(socket)
  }
}

function warnOfOpenPort(address: Address, options: MasterOptions): void {
  const message = `Anyone who can reach ${addressText(address)} can use this store: set access_key, or listen on 127.0.0.1`
  process.nextTick(options.onError ?? warn, { code: 'CRUDJT_OPEN_PORT', message })
}
