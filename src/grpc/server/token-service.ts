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

type Response = Buffer | Promise<Buffer>
type Method = (request: Buffer) => Response

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
  const create: Method = (request) => {
    const data = readCreateRequest(request)
    return then(operations.create(data, data.ttl, data.reads), writeToken)
  }
  const read: Method = (request) =>
    operations.read<Buffer>(readTokenRequest(request), writeReadResponse, NO_TOKEN)
  const update: Method = (request) => {
    const data = readUpdateRequest(request)
    const { token, ttl, reads, keep } = data
    return then(operations.update(token, data, ttl, reads, keep), writeResult)
  }
  const remove: Method = (request) =>
    then(operations.remove(readTokenRequest(request)), writeResult)
  return {
    CreateToken: guarded(create, guard),
    ReadToken: guarded(read, guard),
    UpdateToken: guarded(update, guard),
    DeleteToken: guarded(remove, guard),
  }
}

function then<T>(result: T | Promise<T>, write: (result: T) => Buffer): Response {
  return result instanceof Promise ? result.then(write) : write(result)
}

function guarded(method: Method, guard: RequestGuard): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    guard.inFlight.enter()
    const succeed = (message: Buffer) => {
      callback(null, message)
      guard.inFlight.leave()
    }
    const fail = (error: unknown) => {
      callback(grpcErrorOf(error))
      guard.inFlight.leave()
    }
    try {
      checkAdmission(guard, call.metadata, call.getPeer())
      const response = method(call.request)
      if (response instanceof Promise) response.then(succeed, fail)
      else succeed(response)
    } catch (error) {
      fail(error)
    }
  }
}
