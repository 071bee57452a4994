/** The standard health service, `grpc.health.v1.Health` of `proto/grpc/health.proto`. */
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { Status } from './status.js'

/** A HealthCheckRequest; the empty name asks for the server as a whole. */
export interface HealthRequest {
  service: string
}

/** A HealthCheckResponse. */
export interface HealthResponse {
  status: 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN'
}

const PROTO = loadSync(require.resolve('#proto/grpc/health.proto'), {
  enums: String,
  defaults: true,
})

/** The service as grpc-js serves it. */
export const healthService = PROTO['grpc.health.v1.Health'] as ServiceDefinition

/** Its method that is asked once. */
export const checkMethod = healthService.Check as MethodDefinition<HealthRequest, HealthResponse>

const SERVICES = ['', 'token.TokenService']

/** The health of one server: serving, until it says otherwise. */
export class Health {
  private response: HealthResponse = { status: 'SERVING' }
  private readonly watchers = new Set<(response: HealthResponse) => void>()

  /** The methods of the service. */
  get methods(): UntypedServiceImplementation {
    return { Check: this.check, Watch: this.watch, List: this.list }
  }

  /** From now on nothing is served; tells the watchers. */
  stopServing(): void {
    this.response = { status: 'NOT_SERVING' }
    for (const tell of this.watchers) tell(this.response)
  }

  private readonly check: handleUnaryCall<HealthRequest, HealthResponse> = (call, callback) => {
    const { service } = call.request
    if (SERVICES.includes(service)) callback(null, this.response)
    else callback({ code: Status.NOT_FOUND, details: 'There is no such service' })
  }

  private readonly watch: handleServerStreamingCall<HealthRequest, HealthResponse> = (call) => {
    if (!SERVICES.includes(call.request.service)) {
      call.write({ status: 'SERVICE_UNKNOWN' })
      return
    }
    const tell = (response: HealthResponse) => call.write(response)
    this.watchers.add(tell)
    call.once('cancelled', () => this.watchers.delete(tell))
    tell(this.response)
  }

  private readonly list: handleUnaryCall<object, object> = (_call, callback) => {
    const statuses = SERVICES.map((service) => [service, this.response])
    callback(null, { statuses: Object.fromEntries(statuses) })
  }
}
