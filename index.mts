/** The same objects as index.ts gives to CommonJS, for ES modules. */
export type * from './index.js'
export {
  Config,
  CRUDJT,
  CRUDJT as default,
  CRUDJTError,
  create,
  delete,
  Extension,
  read,
  Store,
  update,
} from './index.js'
