/**
 * The gRPC server of a master. grpc-js and what belongs to it are loaded with the first connection,
 * since that takes a tenth of a second and 20 MB, and makes every collection longer: a master that
 * nobody connects to has none of it.
 */
import type { Socket } from 'node:net'
import type { Server, ServerOptions } from '@grpc/grpc-js'
import { type BatchStreams, batchService } from './batch-service.js'
import type { Health } from './health.js'
import type { StoreOperations } from './store-operations.js'
import { type RequestGuard, tokenMethods, tokenService } from './token-service.js'

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

/** A server that takes connections which somebody else has accepted. */
export class GrpcServer {
  private constructor(
    private readonly server: Server,
    private readonly health: Health,
    private readonly inject: (socket: Socket) => void,
  ) {}

  /** Loads what it takes, and makes one. */
  static async load(
    operations: StoreOperations,
    gate: RequestGuard,
    streams: BatchStreams,
  ): Promise<GrpcServer> {
    const { Server, ServerCredentials } = await import('@grpc/grpc-js')
    const server = new Server(SERVER)
    server.addService(tokenService, tokenMethods(operations, gate))
    server.addService(batchService, streams.methods)
    const health = await addStandardServices(server)
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    return new GrpcServer(server, health, (socket) => injector.injectConnection(socket))
  }

  /** Serves a connection. */
  take(socket: Socket): void {
    this.inject(socket)
  }

  /** Says to whoever asks that nothing is served any more. */
  announceEnd(): void {
    this.health.stopServing()
  }

  /** Resolves when every call has ended and every connection is closed. */
  async shutdown(): Promise<void> {
    return new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()))
  }
}

/** Health for probes and reflection for tools such as grpcurl. Neither reveals anything of a token. */
async function addStandardServices(server: Server): Promise<Health> {
  const { healthService } = await import('../wire/health-service.js')
  const { Health } = await import('./health.js')
  const { reflectionMethods, reflectionServices } = await import('./reflection.js')
  const health = new Health()
  server.addService(healthService, health.methods)
  const protos = [require.resolve('#proto/token.proto'), require.resolve('#proto/batch.proto')]
  const methods = reflectionMethods(protos)
  for (const service of reflectionServices) server.addService(service, methods)
  return health
}
