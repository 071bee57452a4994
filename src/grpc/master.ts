/**
 * A master: one store, served on one port. What its process calls and what comes over the wire reach
 * the same engine.
 *
 * Invariant: it stops in order. No more calls are taken, those under way are answered, the port is
 * closed; only then its owner closes the store.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import { HealthImplementation } from 'grpc-health-check'
import type { MasterOptions } from '../options.js'
import { warn } from '../report.js'
import type { Store } from '../store.js'
import { Access } from './access.js'
import { type Address, addressOf, addressText } from './address.js'
import { BatchStreams, batchService } from './batch-service.js'
import { InFlight } from './in-flight.js'
import { type Listening, listen } from './listen.js'
import { Operations } from './operations.js'
import { type Gate, tokenMethods, tokenService } from './token-service.js'

const PROTOS = join(__dirname, '../../../proto')

/**
 * What one connection may ask of the master, so that a hostile or broken client harms only itself.
 * The largest request there can be takes 590 kB (65 536 bytes of data in their widest encoding).
 */
const SERVER: ServerOptions = {
  'grpc.max_receive_message_length': 1 << 20,
  // With the size above: what one connection can make the master hold of unfinished requests.
  'grpc.max_concurrent_streams': 128,
  // A peer that vanished without a word (a pulled plug, a suspended machine) is let go.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Nobody asks for its statistics, and they cost a part of each call.
  'grpc.enable_channelz': 0,
}

/** How long clients have to take their last answers when the master stops. */
const GRACE_MS = 500

/** A master that runs. */
export class Master {
  /** Where it listens. */
  readonly address: Address
  private readonly server: Server
  private readonly listening: Listening
  private readonly gate: Gate
  private readonly streams: BatchStreams
  private readonly health: HealthImplementation

  private constructor({ server, gate, streams, health }: Services, listening: Listening) {
    this.server = server
    this.listening = listening
    this.gate = gate
    this.streams = streams
    this.health = health
    this.address = listening.address
  }

  /**
   * Serves an open store.
   * @throws CRUDJTError `ERR_CRUDJT_LISTEN`; TypeError `ERR_CRUDJT_OPTION`
   */
  static async start(store: Store, options: MasterOptions): Promise<Master> {
    const services = servicesOf(store, options)
    const { server, gate } = services
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    const listening = await listen(addressOf(options), (socket) =>
      injector.injectConnection(socket),
    )
    if (!listening.isLocal && !gate.access.isGuarded) tellOfOpenPort(listening.address, options)
    return new Master(services, listening)
  }

  /** Answers what is under way and closes the port. */
  async stop(): Promise<void> {
    this.gate.isClosing = true
    this.health.setStatus('', 'NOT_SERVING')
    this.streams.halt()
    await this.gate.inFlight.idle()
    this.streams.bye()
    this.listening.stop()
    const closed = new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()))
    // Whoever keeps a stream open for nothing, or does not read, is not waited for.
    await Promise.race([closed, delay(GRACE_MS, undefined, { ref: false })])
    this.listening.cut()
  }
}

/** Everything that a master serves. */
interface Services {
  readonly server: Server
  readonly gate: Gate
  readonly streams: BatchStreams
  readonly health: HealthImplementation
}

function servicesOf(store: Store, { access_key }: MasterOptions): Services {
  const gate = { access: new Access(access_key), inFlight: new InFlight(), isClosing: false }
  const operations = new Operations(store.served)
  const streams = new BatchStreams(operations, gate)
  const server = new Server(SERVER)
  server.addService(tokenService, tokenMethods(operations, gate))
  server.addService(batchService, streams.methods)
  return { server, gate, streams, health: addStandardServices(server) }
}

/** Health for probes and reflection for tools such as grpcurl; both tell nothing of any token. */
function addStandardServices(server: Server): HealthImplementation {
  const health = new HealthImplementation({ '': 'SERVING', 'token.TokenService': 'SERVING' })
  health.addToServer(server)
  const protos = loadSync(['token.proto', 'batch.proto'], { includeDirs: [PROTOS] })
  new ReflectionService(protos).addToServer(server)
  return health
}

function tellOfOpenPort(address: Address, options: MasterOptions): void {
  const message = `Whoever reaches ${addressText(address)} can use this store: give an access_key, or listen on 127.0.0.1`
  process.nextTick(options.onError ?? warn, { code: 'CRUDJT_OPEN_PORT', message })
}
