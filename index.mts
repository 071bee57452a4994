/** The same objects as index.ts gives to CommonJS, for ES modules. */
export type * from './index.js'
export {
  backup,
  Config,
  CRUDJT,
  CRUDJT as default,
  CRUDJTError,
  compact,
  create,
  delete,
  Extension,
  isCrudjtError,
  keys,
  read,
  repair,
  Store,
  update,
  verify,
} from './index.js'
