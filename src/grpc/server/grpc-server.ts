/**
 * The gRPC server of a master, created on the first connection: it loads grpc-js, which makes every
 * garbage collection longer. A master without clients does not pay for it.
 */
import type { Socket } from 'node:net'
import type { ConnectionInjector, Server, ServerOptions } from '@grpc/grpc-js'
import { loadGrpcJs } from '../wire/grpc-js.js'
import { loadHealthService } from '../wire/health-service.js'
import { admission } from './admission.js'
import { type BatchStreams, batchService } from './batch-service.js'
import { Health } from './health.js'
import { Reflection } from './reflection.js'
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
  private readonly server: Server
  private readonly injector: ConnectionInjector
  private readonly health: Health

  /** Loads grpc-js. Throws if that fails; another attempt loads it anew. */
  constructor(
    operations: StoreOperations,
    guard: RequestGuard,
    streams: BatchStreams,
    condition: StoreCondition,
  ) {
    const { Server, ServerCredentials } = loadGrpcJs()
    this.health = new Health(condition)
    const server = new Server({ ...SERVER_OPTIONS, interceptors: admission(guard) })
    server.addService(tokenService, tokenMethods(operations, guard))
    server.addService(batchService, streams.methods)
    // Health checks are for probes, which have no access key.
    server.addService(loadHealthService(), this.health.methods)
    const reflection = new Reflection(guard)
    for (const service of reflection.services) server.addService(service, reflection.methods)
    this.injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    this.server = server
  }

  /** Serves a connection. */
  serve(socket: Socket): void {
    this.injector.injectConnection(socket)
  }

  /** Reports NOT_SERVING to health checks. */
  announceShutdown(): void {
    this.health.stopServing()
  }

  /** Resolves when all calls have ended and all connections are closed. */
  shutdown(): Promise<void> {
    return new Promise((resolve) => this.server.tryShutdown(() => resolve()))
  }
}
