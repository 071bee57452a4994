/** The four unary methods of `token.TokenService`, as a master serves them. */
import type {
  handleUnaryCall,
  Metadata,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { CRUDJTError, notStarted, typeError } from '../../errors.js'
import { ACCESS_HEADER, type AccessKey } from '../wire/access-key.js'
import type { InFlight } from '../wire/in-flight.js'
import { MALFORMED } from '../wire/protobuf.js'
import { NO_TOKEN, writeReadResponse } from '../wire/read-response.js'
import { CODE_HEADER, refusalOf } from '../wire/status.js'
import {
  readCreateRequest,
  readTokenRequest,
  readUpdateRequest,
  writeResult,
  writeToken,
} from '../wire/token-messages.js'
import type { RefusedCalls } from './refused-calls.js'
import type { StoreOperations } from './store-operations.js'

/** The service's path on the wire. */
export const TOKEN_SERVICE = '/token.TokenService'

type Answer = Buffer | Promise<Buffer>
type Method = (request: Buffer) => Answer

/** What all methods of a master go through. */
export interface RequestGuard {
  readonly access: AccessKey
  readonly refused: RefusedCalls
  readonly inFlight: InFlight
  /** Whether the master no longer takes calls. */
  isClosing: boolean
}

const asItIs = (message: Buffer) => message

/** How grpc-js serves the methods: as bytes, which are read and written here. */
export const tokenService = Object.fromEntries(
  ['CreateToken', 'ReadToken', 'UpdateToken', 'DeleteToken'].map((name) => [
    name,
    {
      path: `${TOKEN_SERVICE}/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    },
  ]),
) as ServiceDefinition

/** The methods on one store. */
export function tokenMethods(
  operations: StoreOperations,
  gate: RequestGuard,
): UntypedServiceImplementation {
  const create: Method = (message) => {
    const { data, ttl, silence_read } = readCreateRequest(message)
    return then(operations.create(data, ttl, silence_read), writeToken)
  }
  const read: Method = (message) =>
    operations.read<Buffer>(readTokenRequest(message), writeReadResponse, NO_TOKEN)
  const update: Method = (message) => {
    const { token, data, ttl, silence_read, keep } = readUpdateRequest(message)
    return then(operations.update(token, data, ttl, silence_read, keep), writeResult)
  }
  const remove: Method = (message) =>
    then(operations.remove(readTokenRequest(message)), writeResult)
  return {
    CreateToken: guarded(create, gate),
    ReadToken: guarded(read, gate),
    UpdateToken: guarded(update, gate),
    DeleteToken: guarded(remove, gate),
  }
}

function then<T>(answer: T | Promise<T>, write: (answer: T) => Buffer): Answer {
  return answer instanceof Promise ? answer.then(write) : write(answer)
}

function guarded(method: Method, gate: RequestGuard): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    gate.inFlight.enter()
    const answer = (message: Buffer) => {
      callback(null, message)
      gate.inFlight.leave()
    }
    const refuse = (error: unknown) => {
      callback(refusalStatus(error === MALFORMED ? malformed() : error))
      gate.inFlight.leave()
    }
    try {
      checkIn(gate, call.metadata, call.getPeer())
      const answered = method(call.request)
      if (answered instanceof Promise) answered.then(answer, refuse)
      else answer(answered)
    } catch (error) {
      refuse(error)
    }
  }
}

/** @throws CRUDJTError `ERR_CRUDJT_UNAUTHENTICATED`, `ERR_CRUDJT_NOT_STARTED` */
export function checkIn(gate: RequestGuard, metadata: Metadata, peer: string): void {
  if (gate.access.isGuarded && !gate.access.admits(metadata.get(ACCESS_HEADER)[0])) {
    gate.refused.add(peer)
    throw new CRUDJTError('ERR_CRUDJT_UNAUTHENTICATED', 'The access key is missing or wrong')
  }
  if (gate.isClosing) throw notStarted('The master is shutting down')
}

function malformed(): Error {
  return typeError('ERR_CRUDJT_DATA', 'The request is no message of this method')
}

/** An error as grpc-js sends it, which is loaded since the first connection. */
export function refusalStatus(error: unknown) {
  const { Metadata } = require('@grpc/grpc-js') as typeof import('@grpc/grpc-js')
  const { status, text, code } = refusalOf(error)
  const metadata = new Metadata()
  metadata.set(CODE_HEADER, code)
  return { code: status, details: text, metadata }
}
