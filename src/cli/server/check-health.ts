/** A request to a gRPC health service. A module of its own, since the gRPC library loads slowly. */
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js'
import { service } from 'grpc-health-check'

/** The method as the health package defines it; its types leave the messages open. */
interface CheckMethod {
  readonly path: string
  requestSerialize(request: object): Buffer
  responseDeserialize(reply: Buffer): { status: string }
}

/** A proxy in the environment is not meant for a server on this machine or its network. */
const CHANNEL = { 'grpc.enable_http_proxy': 0 }

/**
 * Asks a server for its health.
 * @param target the server, as gRPC names it
 * @param timeout milliseconds to wait
 * @returns the reply, such as `SERVING`, or why there is none
 */
export async function checkHealth(target: string, timeout: number): Promise<string> {
  const client = new Client(target, credentials.createInsecure(), CHANNEL)
  const { path, requestSerialize, responseDeserialize } = service.Check as unknown as CheckMethod
  const options = { deadline: Date.now() + timeout }
  try {
    return await new Promise((resolve) => {
      const receive = (error: ServiceError | null, reply?: { status: string }) =>
        resolve(error === null ? (reply?.status ?? 'UNKNOWN') : reasonOf(error, timeout))
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, options, receive)
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
