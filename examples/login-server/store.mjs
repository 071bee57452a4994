/** Opens the example's store: for the server, and for the fresh process that audits it afterwards. */
import CRUDJT from 'crudjt'
import { keyPath, storePath } from './folder.mjs'
import { secretKey } from './secret-key.mjs'

/** @param {string} folder of the service; made when missing */
export async function openStore(folder) {
  await CRUDJT.Config.startMaster({
    secret_key: secretKey(keyPath(folder)),
    store_jt_path: storePath(folder),
    grpc_port: 0,
    max_data_size: 1024, // some claim sets are larger than the 256 bytes of the default
  })
}
