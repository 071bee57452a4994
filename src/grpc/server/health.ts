/** The standard health service of a master. */
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { HealthRequest, HealthResponse } from '../wire/health-service.js'
import { Status } from '../wire/status.js'

const SERVICES = ['', 'token.TokenService']

/** The health of one server: serving, until it says otherwise. */
export class Health {
  private response: HealthResponse = { status: 'SERVING' }
  private readonly watchers = new Set<(response: HealthResponse) => void>()

  /** The methods of the service. */
  get methods(): UntypedServiceImplementation {
    return { Check: this.check, Watch: this.watch, List: this.list }
  }

  /** Reports NOT_SERVING from now on, also to the watchers. */
  stopServing(): void {
    this.response = { status: 'NOT_SERVING' }
    for (const notify of this.watchers) notify(this.response)
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
    const notify = (response: HealthResponse) => call.write(response)
    this.watchers.add(notify)
    call.once('cancelled', () => this.watchers.delete(notify))
    notify(this.response)
  }

  private readonly list: handleUnaryCall<object, object> = (_call, callback) => {
    const statuses = SERVICES.map((service) => [service, this.response])
    callback(null, { statuses: Object.fromEntries(statuses) })
  }
}
