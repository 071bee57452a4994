/**
 * Refuses calls without the access key before anything of their messages is kept: what a connection
 * can make the master hold is small until it has shown the key.
 */
import type { ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js'
import { CRUDJTError } from '../../errors.js'
import { ACCESS_HEADER } from '../wire/access-key.js'
import { loadGrpcJs } from '../wire/grpc-js.js'
import { grpcErrorOf, type RequestGuard } from './request-guard.js'

/** Health checks are for probes, which have no access key. */
const OPEN_SERVICE = '/grpc.health.v1.Health/'

/** Interceptors for a server: none if every client is admitted. */
export function admission(guard: RequestGuard): ServerInterceptor[] {
  if (!guard.access.isRequired) return []
  const { ServerInterceptingCall } = loadGrpcJs()
  return [
    ({ path }, call) => {
      if (path.startsWith(OPEN_SERVICE)) return new ServerInterceptingCall(call)
      return new ServerInterceptingCall(call, {
        start: (next) => {
          next({
            onReceiveMetadata: (metadata, proceed) => {
              if (guard.access.admits(metadata.get(ACCESS_HEADER)[0])) proceed(metadata)
              else refuse(call, guard)
            },
          })
        },
      })
    },
  ]
}

function refuse(call: ServerInterceptingCallInterface, guard: RequestGuard): void {
  guard.refused.add(call.getPeer())
  const message = 'The access key is missing or wrong: set access_key to the key of the master'
  call.sendStatus(grpcErrorOf(new CRUDJTError('ERR_CRUDJT_UNAUTHENTICATED', message)))
}
