/**
 * The standard health service of a master. What it serves at all is SERVING as long as it answers calls:
 * a store that refuses writes still reads. Names of its own tell more of the store.
 */
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import {
  type HealthRequest,
  type HealthResponse,
  INTEGRITY,
  SPACE,
  WRITES,
} from '../wire/health-service.js'
import { Status } from '../wire/status.js'
import type { StoreCondition } from './store-condition.js'

/** The services, each with whether it serves while the server does. */
const SERVICES: Readonly<Record<string, (condition: StoreCondition) => boolean>> = {
  '': () => true,
  'token.TokenService': () => true,
  [WRITES]: (condition) => condition.isWritable,
  [SPACE]: (condition) => condition.hasSpace,
  [INTEGRITY]: (condition) => condition.isSound,
}

/** The health of one server: serving, until it says otherwise. */
export class Health {
  private isServing = true
  private readonly watchers = new Set<() => void>()

  constructor(private readonly condition: StoreCondition) {
    condition.onChange = () => this.notify()
  }

  /** The methods of the service. */
  get methods(): UntypedServiceImplementation {
    return { Check: this.check, Watch: this.watch, List: this.list }
  }

  /** Reports NOT_SERVING from now on, also to the watchers. */
  stopServing(): void {
    this.isServing = false
    this.notify()
  }

  private notify(): void {
    for (const watcher of this.watchers) watcher()
  }

  /** The health of a service; undefined if there is no such service. */
  private responseOf(service: string): HealthResponse | undefined {
    if (!Object.hasOwn(SERVICES, service)) return undefined
    const serves = this.isServing && SERVICES[service]?.(this.condition)
    return { status: serves ? 'SERVING' : 'NOT_SERVING' }
  }

  private readonly check: handleUnaryCall<HealthRequest, HealthResponse> = (call, callback) => {
    const response = this.responseOf(call.request.service)
    if (response !== undefined) callback(null, response)
    else callback({ code: Status.NOT_FOUND, details: 'There is no such service' })
  }

  private readonly watch: handleServerStreamingCall<HealthRequest, HealthResponse> = (call) => {
    let last = this.responseOf(call.request.service)
    if (last === undefined) {
      call.write({ status: 'SERVICE_UNKNOWN' })
      return
    }
    const watcher = () => {
      const next = this.responseOf(call.request.service) as HealthResponse
      if (next.status !== last?.status) call.write(next)
      last = next
    }
    this.watchers.add(watcher)
    call.once('cancelled', () => this.watchers.delete(watcher))
    call.write(last)
  }

  private readonly list: handleUnaryCall<object, object> = (_call, callback) => {
    const statuses = Object.keys(SERVICES).map((service) => [service, this.responseOf(service)])
    callback(null, { statuses: Object.fromEntries(statuses) })
  }
}
