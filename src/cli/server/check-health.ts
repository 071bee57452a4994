/** A request to a gRPC health service. A module of its own, since the gRPC library loads slowly. */
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js'
import {
  type CheckMethod,
  type HealthResponse,
  loadHealthService,
} from '../../grpc/wire/health-service.js'

/** What a server replied, such as `SERVING`; undefined for no reply, and why. */
export interface Health {
  readonly status: string | undefined
  readonly reason: string | undefined
}

/** A proxy in the environment is not meant for a server on this machine or its network. */
const CHANNEL = { 'grpc.enable_http_proxy': 0 }

/**
 * Asks a server for its health.
 * @param target the server, as gRPC names it
 * @param timeout milliseconds to wait
 */
export async function checkHealth(target: string, timeout: number): Promise<Health> {
  const client = new Client(target, credentials.createInsecure(), CHANNEL)
  const { path, requestSerialize, responseDeserialize } = loadHealthService().Check as CheckMethod
  const options = { deadline: Date.now() + timeout }
  try {
    return await new Promise((resolve) => {
      const receive = (error: ServiceError | null, reply?: HealthResponse) =>
        resolve({
          status: error === null ? (reply?.status ?? 'UNKNOWN') : undefined,
          reason: error === null ? undefined : reasonOf(error, timeout),
        })
      const request = { service: '' }
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        options,
        receive,
      )
    })
  } finally {
    client.close()
  }
}

function reasonOf({ code, details }: ServiceError, timeout: number): string {
  switch (code) {
    case status.UNAVAILABLE:
      return 'nothing is listening there, or it is not a CRUDJT master'
    case status.DEADLINE_EXCEEDED:
      return `no reply within ${timeout} ms`
    default:
      return details
  }
}
