/** One question to a gRPC health service. In a module of its own, since the gRPC library loads slowly. */
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js'
import { checkMethod } from '../grpc/health.js'

/** A variable that names a proxy is not meant for a server on this machine or next to it. */
const CHANNEL = { 'grpc.enable_http_proxy': 0 }

/**
 * @param target the server, as gRPC names it
 * @param timeout milliseconds to wait
 * @returns what it answers, as `SERVING`; or why there is no answer
 */
export async function checkHealth(target: string, timeout: number): Promise<string> {
  const client = new Client(target, credentials.createInsecure(), CHANNEL)
  const { path, requestSerialize, responseDeserialize } = checkMethod
  const options = { deadline: Date.now() + timeout }
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { service: '' },
        options,
        (error, answer) => {
          resolve(error === null ? (answer?.status ?? 'UNKNOWN') : reasonOf(error, timeout))
        },
      )
    })
  } finally {
    client.close()
  }
}

function reasonOf({ code, details }: ServiceError, timeout: number): string {
  switch (code) {
    case status.UNAVAILABLE:
      return 'nobody answers there, or something else than a master'
    case status.DEADLINE_EXCEEDED:
      return `no answer within ${timeout} ms`
    default:
      return details
  }
}
