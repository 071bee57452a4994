/** What the unary methods and the batch stream share: raw messages, and errors. */
import type { EventEmitter } from 'node:events'
import type { MethodDefinition } from '@grpc/grpc-js'
import { CRUDJTError, notStarted, typeError } from '../../errors.js'
import type { AccessKey } from '../wire/access-key.js'
import { loadGrpcJs } from '../wire/grpc-js.js'
import type { InFlight } from '../wire/in-flight.js'
import { MALFORMED } from '../wire/protobuf.js'
import { CODE_HEADER, statusErrorOf } from '../wire/status.js'
import type { RefusedCalls } from './refused-calls.js'

/** A master's state that decides whether requests are admitted. */
export interface RequestGuard {
  readonly access: AccessKey
  readonly refused: RefusedCalls
  readonly inFlight: InFlight
  /** Whether the master is shutting down. */
  isClosing: boolean
}

/** @throws CRUDJTError `ERR_CRUDJT_NOT_STARTED` */
export function checkServing(guard: RequestGuard): void {
  if (guard.isClosing) throw notStarted('The master is shutting down')
}

/** The error of a client that has not shown or proved the access key; it is reported. */
export function accessRefused(guard: RequestGuard, peer: string): CRUDJTError {
  guard.refused.add(peer)
  const message = 'The access key is missing or wrong: set access_key to the key of the master'
  return new CRUDJTError('ERR_CRUDJT_UNAUTHENTICATED', message)
}

const identity = (message: Buffer) => message

/** A method whose messages grpc-js passes through as bytes: they are encoded and decoded here. */
export function rawMethod(path: string, isStream: boolean): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  }
}

/** An error as grpc-js sends it. */
export function grpcErrorOf(error: unknown) {
  const { Metadata } = loadGrpcJs()
  const { status, text, code } = statusErrorOf(error === MALFORMED ? malformed() : error)
  const metadata = new Metadata()
  metadata.set(CODE_HEADER, code)
  return { code: status, details: text, metadata }
}

/** Ends a stream with an error. */
export function failStream(stream: EventEmitter, error: unknown): void {
  stream.emit('error', grpcErrorOf(error))
}

function malformed(): Error {
  return typeError('ERR_CRUDJT_DATA', 'The request is not a valid message of this method')
}
