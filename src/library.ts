/**
 * What index.ts and the command take of the library. In the package it is one file with all that it
 * imports: loading a hundred of them keeps V8 compiling beside a program's first calls, which then
 * cost up to twice as much (docs/design.md, section 14).
 */
export { Config, current } from './config.js'
export { CRUDJTError } from './errors.js'
export { Extension } from './extension.js'
export { RemoteStore } from './grpc/remote-store.js'
export { backup, compact, keys, repair, verify } from './offline.js'
export { Store } from './store.js'
