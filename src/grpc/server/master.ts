/**
 * A master: one store, served on one port, and to this machine on a local socket. Calls of its own
 * process and calls over the wire use the same engine.
 *
 * Invariants: it shuts down gracefully. New calls are refused, in-flight calls complete, the port is
 * closed; only then does its owner close the store. The local socket is there as long as connections of
 * the port are served.
 */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { unwrap } from '../../engine/engine.js'
import type { NativeSessions } from '../../engine/native.js'
import { CRUDJTError } from '../../errors.js'
import { type LocalListening, listenLocal } from '../../local/listen-local.js'
import { DEFAULT_SHELF_SIZE, type MasterOptions, warn } from '../../options/store-options.js'
import { delay, nextTick } from '../../timers.js'
import { AccessKey } from '../wire/access-key.js'
import { type Address, addressOf, addressText } from '../wire/address.js'
import { ID_BYTES } from '../wire/batch-messages.js'
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
    private readonly local: LocalListening | undefined,
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
      connection: (socket) => services.accept(socket),
      error: (error) => services.turnedAway("a connection can't be accepted", error),
    })
    const local = await openLocal(services.sessions, listening, options)
    services.begin()
    if (!listening.isLocal && !services.guard.access.isRequired) {
      warnOfOpenPort(listening.address, options)
    }
    return new Master(services, listening, local)
  }

  /** Completes in-flight calls and closes the port. */
  async stop(): Promise<void> {
    const { guard, streams, sessions } = this.services
    guard.isClosing = true
    this.services.server?.announceShutdown()
    this.local?.stop()
    streams.halt()
    const [halted] = await Promise.all([sessions.halt(), guard.inFlight.idle()])
    unwrap(halted)
    streams.goodbye()
    this.listening.close()
    await this.local?.close()
    this.services.end()
    // Do not wait longer for a client that keeps a stream open or does not read.
    const grace = delay(GRACE_PERIOD_MS, undefined, { ref: false })
    await Promise.race([this.services.server?.shutdown(), grace])
    this.listening.destroyConnections()
  }
}

/** What a master serves its connections with. */
class Services {
  readonly guard: RequestGuard
  readonly sessions: NativeSessions
  readonly streams: BatchStreams
  /** The server, from the first connection on. */
  server: GrpcServer | undefined
  private readonly failures: RateLimitedEvent
  private readonly operations: StoreOperations
  /** The connections that are not served yet; undefined once they are. */
  private early: Socket[] | undefined = []

  constructor(
    private readonly served: Served,
    { access_key, onError = warn }: MasterOptions,
    private readonly condition: StoreCondition,
  ) {
    const access = new AccessKey(access_key)
    const refused = new RefusedCalls(onError)
    this.failures = new RateLimitedEvent('CRUDJT_NOT_SERVING', onError)
    this.guard = { access, refused, inFlight: new InFlight(), isClosing: false }
    this.operations = new StoreOperations(served)
    this.sessions = served.serve(randomBytes(ID_BYTES), access_key)
    served.tellCachedBytes((bytes) => this.sessions.setCachedBytes(bytes))
    this.streams = new BatchStreams(this.sessions, this.guard)
  }

  /** Begins to serve connections: those that there are already, and others as they come. */
  begin(): void {
    const early = this.early ?? []
    this.early = undefined
    for (const socket of early) this.serve(socket)
  }

  /** Frees what the sessions share. */
  end(): void {
    this.served.tellCachedBytes(() => {})
    this.sessions.close()
  }

  /** Takes a connection. */
  accept(socket: Socket): void {
    // A connection that is lost is not an error.
    socket.on('error', () => {})
    if (this.early === undefined) this.serve(socket)
    else this.early.push(socket)
  }

  /** Serves a connection. If grpc-js can't be loaded, that is closed, and the next one tries again. */
  private serve(socket: Socket): void {
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

/**
 * Opens the local socket. Without one, clients use the port.
 * @throws CRUDJTError `ERR_CRUDJT_LISTEN` if there can be none at the path in the options
 */
async function openLocal(
  sessions: NativeSessions,
  { place, close }: Listening,
  { local, shelf_size = DEFAULT_SHELF_SIZE, onError = warn }: MasterOptions,
): Promise<LocalListening | undefined> {
  try {
    return await listenLocal(sessions, place, local, shelf_size)
  } catch (cause) {
    const { message: reason } = cause as Error
    if (typeof local === 'string') {
      close()
      const message = `Can't listen on the local socket ${local}: ${reason}`
      throw new CRUDJTError('ERR_CRUDJT_LISTEN', message, { cause })
    }
    const message = `Processes of this machine reach the store by gRPC only: no local socket can be made: ${reason}`
    nextTick(onError, { code: 'CRUDJT_NO_LOCAL_SOCKET', message })
    return undefined
  }
}

function warnOfOpenPort(address: Address, options: MasterOptions): void {
  const message = `Anyone who can reach ${addressText(address)} can use this store: set access_key, or listen on 127.0.0.1`
  nextTick(options.onError ?? warn, { code: 'CRUDJT_OPEN_PORT', message })
}
