// A client that makes one call and has nothing else to do: it ends by itself, without a close.
// node client.mjs PORT
import { Config, create, read, Store } from 'crudjt'

process.disconnect()
const grpc_port = Number(process.argv[2])
// A time limit that is still running keeps no process alive either.
void Config.connectToMaster({ grpc_port, timeout_ms: 3_600_000 })
const token = await create({ a: 1 })
await Store.connect({ grpc_port: 1 })
console.log(JSON.stringify(await read(token)))
