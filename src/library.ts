/**
 * The library as index.ts and the command line use it. The build bundles it into one file: with a
 * hundred modules, V8 is still compiling during a program's first calls, which then cost up to twice
 * as much (docs/internals/decisions/2026-11-23-one-file.md).
 */
export { Config, current } from './api/config.js'
export { backup, compact, keys, repair, verify } from './api/maintenance.js'
export { Store } from './api/store.js'
export { CRUDJTError, isCrudjtError } from './errors.js'
export { RemoteStore } from './grpc/client/remote-store.js'
export { Extension } from './msgpack/extension.js'
