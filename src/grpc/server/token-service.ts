/** The four unary methods of `token.TokenService`. */
import type {
  handleUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { NO_TOKEN, writeReadResponse } from '../wire/read-response.js'
import {
  readCreateRequest,
  readTokenRequest,
  readUpdateRequest,
  writeResult,
  writeToken,
} from '../wire/token-messages.js'
import { checkServing, grpcErrorOf, type RequestGuard, rawMethod } from './request-guard.js'
import type { StoreOperations } from './store-operations.js'

type Method = (request: Buffer) => Promise<Buffer>

/** The service's definition for grpc-js. */
export const tokenService: ServiceDefinition = Object.fromEntries(
  ['CreateToken', 'ReadToken', 'UpdateToken', 'DeleteToken'].map((name) => [
    name,
    rawMethod(`/token.TokenService/${name}`, false),
  ]),
)

/** The methods on one store. */
export function tokenMethods(
  operations: StoreOperations,
  guard: RequestGuard,
): UntypedServiceImplementation {
  return {
    CreateToken: guarded(guard, async (request) => {
      const data = readCreateRequest(request)
      return writeToken(await operations.create(data, data.ttl, data.reads))
    }),
    ReadToken: guarded(guard, async (request) =>
      operations.read<Buffer>(readTokenRequest(request), writeReadResponse, NO_TOKEN),
    ),
    UpdateToken: guarded(guard, async (request) => {
      const data = readUpdateRequest(request)
      const { token, ttl, reads, keep } = data
      return writeResult(await operations.update(token, data, ttl, reads, keep))
    }),
    DeleteToken: guarded(guard, async (request) =>
      writeResult(await operations.remove(readTokenRequest(request))),
    ),
  }
}

function guarded(guard: RequestGuard, method: Method): handleUnaryCall<Buffer, Buffer> {
  return async (call, callback) => {
    guard.inFlight.enter()
    try {
      checkServing(guard)
      callback(null, await method(call.request))
    } catch (error) {
      callback(grpcErrorOf(error))
    }
    guard.inFlight.leave()
  }
}
