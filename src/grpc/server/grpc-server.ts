/**
 * The gRPC server of a master. grpc-js and its companions are loaded on the first connection: loading
 * takes a tenth of a second and 20 MB, and makes every garbage collection longer. A master without
 * clients does not pay for it.
 */
import type { Socket } from 'node:net'
import type { Server, ServerOptions } from '@grpc/grpc-js'
import { type BatchStreams, batchService } from './batch-service.js'
import type { Health } from './health.js'
import type { RequestGuard } from './request-guard.js'
import type { StoreCondition } from './store-condition.js'
import type { StoreOperations } from './store-operations.js'
import { tokenMethods, tokenService } from './token-service.js'

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
    private readonly health: Health,
    private readonly inject: (socket: Socket) => void,
  ) {}

  /** Loads grpc-js and creates a server. */
  static async load(
    operations: StoreOperations,
    guard: RequestGuard,
    streams: BatchStreams,
    condition: StoreCondition,
  ): Promise<GrpcServer> {
    const { Server, ServerCredentials } = await import('@grpc/grpc-js')
    const server = new Server(SERVER_OPTIONS)
    server.addService(tokenService, tokenMethods(operations, guard))
    server.addService(batchService, streams.methods)
    const health = await addStandardServices(server, condition)
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    return new GrpcServer(server, health, (socket) => injector.injectConnection(socket))
  }

  /** Serves a connection. */
  serve(socket: Socket): void {
    this.inject(socket)
  }

  /** Reports NOT_SERVING to health checks. */
  announceShutdown(): void {
    this.health.stopServing()
  }

  /** Resolves when all calls have ended and all connections are closed. */
  async shutdown(): Promise<void> {
    return new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()))
  }
}

/** Health checks for probes and reflection for tools such as grpcurl; neither reveals any token. */
async function addStandardServices(server: Server, condition: StoreCondition): Promise<Health> {
  const { healthService } = await import('../wire/health-service.js')
  const { Health } = await import('./health.js')
  const { reflectionMethods, reflectionServices } = await import('./reflection.js')
  const health = new Health(condition)
  server.addService(healthService, health.methods)
  const protos = [require.resolve('#proto/token.proto'), require.resolve('#proto/batch.proto')]
  const methods = reflectionMethods(protos)
  for (const service of reflectionServices) server.addService(service, methods)
  return health
}
