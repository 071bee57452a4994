/** The definition of the standard health service, `grpc.health.v1.Health` of `proto/grpc/health.proto`. */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'
import { loadProto } from './grpc-js.js'

/** A HealthCheckRequest; the empty name asks for the server as a whole. */
export interface HealthRequest {
  service: string
}

/** A HealthCheckResponse. */
export interface HealthResponse {
  status: 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN'
}

/** The name whose health says whether writes are accepted. */
export const WRITES = 'crudjt.writes'
/** The name whose health says whether the disk has space for new tokens. */
export const SPACE = 'crudjt.space'
/** The name whose health says whether no damage was met. */
export const INTEGRITY = 'crudjt.integrity'

/** Loads the service as grpc-js serves it. */
export function loadHealthService(): ServiceDefinition {
  const path = require.resolve('#proto/grpc/health.proto')
  const proto = loadProto(path, { enums: String, defaults: true })
  return proto['grpc.health.v1.Health'] as ServiceDefinition
}

/** Its unary method. */
export type CheckMethod = MethodDefinition<HealthRequest, HealthResponse>
