/**
 * The gRPC server of a master. grpc-js and its companions are loaded on the first connection: loading
 * takes a tenth of a second and 20 MB, and makes every garbage collection longer. A master without
 * clients does not pay for it.
 */
import type { Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Server, ServerOptions } from '@grpc/grpc-js'
import type { HealthImplementation } from 'grpc-health-check'
import { type BatchStreams, batchService } from './batch-service.js'
import type { RequestGuard } from './request-guard.js'
import type { StoreOperations } from './store-operations.js'
import { tokenMethods, tokenService } from './token-service.js'

const PROTOS = dirname(require.resolve('#proto/token.proto'))

/**
 * The limits of one connection, so that a hostile or broken client harms only itself. The largest valid
 * request takes 590 kB: 65 536 bytes of data in their widest encoding.
 */
const SERVER_OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': 1 << 20,
  // Together with the size above, this bounds the memory of incomplete requests per connection.
  'grpc.max_concurrent_streams': 128,
  // Keep-alive: drops peers that vanished silently (power loss, suspended machine).
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Unused statistics that cost time on every call.
  'grpc.enable_channelz': 0,
}

/** A server for connections that were accepted elsewhere. */
export class GrpcServer {
  private constructor(
    private readonly server: Server,
    private readonly health: HealthImplementation,
    private readonly inject: (socket: Socket) => void,
  ) {}

  /** Loads grpc-js and creates a server. */
  static async load(
    operations: StoreOperations,
    guard: RequestGuard,
    streams: BatchStreams,
  ): Promise<GrpcServer> {
    const { Server, ServerCredentials } = await import('@grpc/grpc-js')
    const server = new Server(SERVER_OPTIONS)
    server.addService(tokenService, tokenMethods(operations, guard))
    server.addService(batchService, streams.methods)
    const health = await addStandardServices(server)
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    return new GrpcServer(server, health, (socket) => injector.injectConnection(socket))
  }

  /** Serves a connection. */
  serve(socket: Socket): void {
    this.inject(socket)
  }

  /** Reports NOT_SERVING to health checks. */
  announceShutdown(): void {
    this.health.setStatus('', 'NOT_SERVING')
  }

  /** Resolves when all calls have ended and all connections are closed. */
  async shutdown(): Promise<void> {
    return new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()))
  }
}

/** Health checks for probes and reflection for tools such as grpcurl; neither reveals any token. */
async function addStandardServices(server: Server): Promise<HealthImplementation> {
  const { loadSync } = await import('@grpc/proto-loader')
  const { ReflectionService } = await import('@grpc/reflection')
  const { HealthImplementation } = await import('grpc-health-check')
  const health = new HealthImplementation({ '': 'SERVING', 'token.TokenService': 'SERVING' })
  health.addToServer(server)
  const protos = loadSync(['token.proto', 'batch.proto'], { includeDirs: [PROTOS] })
  new ReflectionService(protos).addToServer(server)
  return health
}
