/** A request to a gRPC health service. A module of its own, since the gRPC library loads slowly. */
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js'
import {
  type CheckMethod,
  type HealthResponse,
  INTEGRITY,
  loadHealthService,
  SPACE,
  WRITES,
} from '../../grpc/wire/health-service.js'

/**
 * What a server replied, such as `SERVING`, or `DEGRADED` if it serves a store with a fault; undefined
 * for no reply; and why.
 */
export interface Health {
  readonly status: string | undefined
  readonly reason: string | undefined
}

/** What it means that a server does not serve one of its own names. */
const FAULTS = {
  [WRITES]: 'writes are refused until the store is reopened, see the log of the server',
  [SPACE]:
    'the disk is full: new tokens are or will be refused until there is space again, deletes go on',
  [INTEGRITY]:
    'the store is damaged, or keeps what damage has cost it: stop the server, then run `crudjt verify`, which says what to do',
} as const

/** A proxy in the environment is not meant for a server on this machine or its network. */
const CHANNEL = { 'grpc.enable_http_proxy': 0 }

/**
 * Asks a server for its health.
 * @param target the server, as gRPC names it
 * @param timeout milliseconds to wait
 */
export async function checkHealth(target: string, timeout: number): Promise<Health> {
  const client = new Client(target, credentials.createInsecure(), CHANNEL)
  const deadline = Date.now() + timeout
  const method = loadHealthService().Check as CheckMethod
  const ask = (service: string) => check(client, method, service, deadline, timeout)
  try {
    const health = await ask('')
    if (health.status !== 'SERVING') return health
    for (const [service, reason] of Object.entries(FAULTS)) {
      // An older server does not know the name.
      if ((await ask(service)).status === 'NOT_SERVING') return { status: 'DEGRADED', reason }
    }
    return health
  } finally {
    client.close()
  }
}

/** Asks for the health of one service. */
function check(
  client: Client,
  method: CheckMethod,
  service: string,
  deadline: number,
  timeout: number,
): Promise<Health> {
  const { path, requestSerialize, responseDeserialize } = method
  return new Promise((resolve) => {
    const receive = (error: ServiceError | null, reply?: HealthResponse) =>
      resolve({
        status: error === null ? (reply?.status ?? 'UNKNOWN') : undefined,
        reason: error === null ? undefined : reasonOf(error, timeout),
      })
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service },
      { deadline },
      receive,
    )
  })
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
