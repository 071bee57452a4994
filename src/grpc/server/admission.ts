/**
 * Refuses calls without the access key before anything of their messages is kept: what a connection
 * can make the master hold is small until it has shown the key. A batch stream without the header is let
 * through: its session demands the proof of the key (see `UnprovenStreams`).
 */
import type { ServerInterceptor } from '@grpc/grpc-js'
import { ACCESS_HEADER } from '../wire/access-key.js'
import { BATCH_METHOD } from '../wire/batch-messages.js'
import { loadGrpcJs } from '../wire/grpc-js.js'
import { accessRefused, grpcErrorOf, type RequestGuard } from './request-guard.js'

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
              const [header] = metadata.get(ACCESS_HEADER)
              const mayProve = path === BATCH_METHOD && header === undefined
              if (mayProve || guard.access.admits(header)) proceed(metadata)
              else call.sendStatus(grpcErrorOf(accessRefused(guard, call.getPeer())))
            },
          })
        },
      })
    },
  ]
}
