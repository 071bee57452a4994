// Starts a master and tells how a client reaches it. node start-master.mjs {path, key, local, runtime}
import { CRUDJT, Store } from '../../../build/index.js'

const { path, key, local, runtime } = JSON.parse(process.argv[2])
if (runtime !== undefined) process.env.XDG_RUNTIME_DIR = runtime
await CRUDJT.Config.startMaster({ secret_key: key, store_jt_path: path, grpc_port: 0, local })
const store = await Store.connect({ ...CRUDJT.Config.address(), timeout_ms: 60_000 })
await store.create({ a: 1 })
console.log(`transport: ${(await store.stats()).transport}`)
await store.close()
await CRUDJT.Config.shutdownServer()
