/**
 * What index.ts and the command take of the library. In the package it is one file with all that it
 * imports: loading a hundred of them keeps V8 compiling beside a program's first calls, which then
 * cost up to twice as much (docs/design.md, section 14).
 */
export { Config, current } from './api/config.js'
export { backup, compact, keys, repair, verify } from './api/maintenance.js'
export { Store } from './api/store.js'
export { CRUDJTError } from './errors.js'
export { RemoteStore } from './grpc/client/remote-store.js'
export { Extension } from './msgpack/extension.js'
