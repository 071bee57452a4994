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
import { checkAdmission, grpcErrorOf, type RequestGuard, rawMethod } from './request-guard.js'
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
  const create: Method = async (request) => {
    const data = readCreateRequest(request)
    return writeToken(await operations.create(data, data.ttl, data.reads))
  }
  const read: Method = async (request) =>
    operations.read<Buffer>(readTokenRequest(request), writeReadResponse, NO_TOKEN)
  const update: Method = async (request) => {
    const data = readUpdateRequest(request)
    const { token, ttl, reads, keep } = data
    return writeResult(await operations.update(token, data, ttl, reads, keep))
  }
  const remove: Method = async (request) =>
    writeResult(await operations.remove(readTokenRequest(request)))
  return {
    CreateToken: guarded(create, guard),
    ReadToken: guarded(read, guard),
    UpdateToken: guarded(update, guard),
    DeleteToken: guarded(remove, guard),
  }
}

function guarded(method: Method, guard: RequestGuard): handleUnaryCall<Buffer, Buffer> {
  return async (call, callback) => {
    guard.inFlight.enter()
    try {
      checkAdmission(guard, call.metadata, call.getPeer())
      callback(null, await method(call.request))
    } catch (error) {
      callback(grpcErrorOf(error))
    }
    guard.inFlight.leave()
  }
}
