/** A client as other languages have them: generated from the proto file, and free to send anything. */
import { join } from 'node:path'
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import { loadSync, type PackageDefinition } from '@grpc/proto-loader'
import type { At } from './masters.js'

const PROTO = join(__dirname, '../../proto')
const LOADED = { keepCase: true, longs: String, defaults: true, includeDirs: [PROTO] }

/** What a proto file of this package defines. */
export function packageOf(file: string): PackageDefinition {
  return loadSync(file, LOADED)
}

/** What a call came to. */
export interface Came {
  answer: Record<string, unknown>
  /** The status of gRPC; 0 where it went well. */
  status: number
  text: string
  code: unknown
}

type Call = (
  request: object,
  metadata: Metadata,
  back: (error: ServiceError | null, answer: Record<string, unknown>) => void,
) => void

/** Calls one method after the other by name. */
export interface RawClient {
  call(method: string, request: object, key?: string): Promise<Came>
  close(): void
}

/** Connects to a service of a master, of a package that is defined elsewhere or in this one. */
export function rawClient(
  { grpc_host, grpc_port }: At,
  path = 'token.TokenService',
  definition = packageOf('token.proto'),
): RawClient {
  const address = grpc_host.startsWith('unix:') ? grpc_host : `${grpc_host}:${grpc_port}`
  let found: unknown = loadPackageDefinition(definition)
  for (const name of path.split('.')) found = (found as Record<string, unknown>)[name]
  const Service = found as new (address: string, credentials: unknown) => Client
  const client = new Service(address, credentials.createInsecure())
  return {
    call(method, request, key) {
      const metadata = new Metadata()
      if (key !== undefined) metadata.set('authorization', key)
      return new Promise((resolve) => {
        const call = (client as unknown as Record<string, Call>)[method] as Call
        call.call(client, request, metadata, (error, answer) => {
          const code = error?.metadata?.get('crudjt-code')[0]
          resolve({ answer, status: error?.code ?? 0, text: error?.details ?? '', code })
        })
      })
    },
    close: () => client.close(),
  }
}
