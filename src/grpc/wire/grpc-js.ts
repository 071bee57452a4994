/**
 * grpc-js and its proto-loader, loaded on first use: that takes a tenth of a second and 20 MB.
 *
 * They are loaded by `require`, since contexts of `node:vm`, in which jest and vitest run tests, may
 * have no `import()`. Loading can fail: files are missing while npm installs, or descriptors are short.
 * A failure is thrown and not remembered, if `locateGrpcJs` was called before: Node remembers a
 * package.json that it could not open as missing.
 */
import type { PackageDefinition } from '@grpc/proto-loader'

type GrpcJs = typeof import('@grpc/grpc-js')
type ProtoLoader = typeof import('@grpc/proto-loader')

let grpcJs: GrpcJs | undefined

/** Makes Node read where the packages are, without loading them. */
export function locateGrpcJs(): void {
  try {
    require.resolve('@grpc/grpc-js')
    require.resolve('@grpc/proto-loader')
  } catch {
    // Loading them will fail as well, with the same reason.
  }
}

/** grpc-js. Once loaded, it is kept: a torn down vm context can no longer `require`. */
export function loadGrpcJs(): GrpcJs {
  grpcJs ??= require('@grpc/grpc-js') as GrpcJs
  return grpcJs
}

/** The definitions in a `.proto` file. */
export function loadProto(
  path: string,
  options: import('@grpc/proto-loader').Options,
): PackageDefinition {
  const { loadSync } = require('@grpc/proto-loader') as ProtoLoader
  return loadSync(path, options)
}
