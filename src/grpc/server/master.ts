/**
 * A master: one store, served on one port. What its process calls and what comes over the wire reach
 * the same engine.
 *
 * Invariant: it stops in order. No more calls are taken, those under way are answered, the port is
 * closed; only then its owner closes the store.
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
import type { Served } from './served.js'
import { StoreOperations } from './store-operations.js'
import type { RequestGuard } from './token-service.js'

/** How long clients have to take their last answers when the master stops. */
const GRACE_MS = 500

/** A master that runs. */
export class Master {
  /** Where it listens. */
  readonly address: Address
  private readonly listening: Listening
  private readonly services: Services

  private constructor(services: Services, listening: Listening) {
    this.services = services
    this.listening = listening
    this.address = listening.address
  }

  /**
   * Serves an open store.
   * @throws CRUDJTError `ERR_CRUDJT_LISTEN`; TypeError `ERR_CRUDJT_OPTION`
   */
  static async start(served: Served, options: MasterOptions): Promise<Master> {
    const services = new Services(served, options)
    const listening = await listen(addressOf(options), (socket) => void services.take(socket))
    if (!listening.isLocal && !services.gate.access.isGuarded) {
      tellOfOpenPort(listening.address, options)
    }
    return new Master(services, listening)
  }

  /** Answers what is under way and closes the port. */
  async stop(): Promise<void> {
    const { gate, streams } = this.services
    gate.isClosing = true
    const server = await this.services.server
    server?.announceEnd()
    streams.halt()
    await gate.inFlight.idle()
    streams.bye()
    this.listening.stop()
    // Whoever keeps a stream open for nothing, or does not read, is not waited for.
    await Promise.race([server?.shutdown(), delay(GRACE_MS, undefined, { ref: false })])
    this.listening.cut()
  }
}

/** What a master serves its connections with. */
class Services {
  readonly gate: RequestGuard
  readonly streams: BatchStreams
  /** The server, once there was a connection. */
  server: Promise<GrpcServer> | undefined
  private readonly operations: StoreOperations

  constructor(served: Served, { access_key, onError = warn }: MasterOptions) {
    const refused = new RefusedCalls(onError)
    const access = new AccessKey(access_key)
    this.gate = { access, refused, inFlight: new InFlight(), isClosing: false }
    this.operations = new StoreOperations(served)
    this.streams = new BatchStreams(this.operations, this.gate)
  }

  async take(socket: Socket): Promise<void> {
    // One that is lost meanwhile is none of anybody's errors.
    socket.on('error', () => {})
    this.server ??= GrpcServer.load(this.operations, this.gate, this.streams)
    const server = await this.server
    if (!socket.destroyed) server.take(socket)
  }
}

function tellOfOpenPort(address: Address, options: MasterOptions): void {
  const message = `Whoever reaches ${addressText(address)} can use this store: give an access_key, or listen on 127.0.0.1`
  process.nextTick(options.onError ?? warn, { code: 'CRUDJT_OPEN_PORT', message })
}
