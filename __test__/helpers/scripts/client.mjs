// A client that makes one call and has nothing else to do: it ends by itself, without a close.
// node client.mjs PORT
import { Config, create, read, Store } from 'crudjt'

process.disconnect()
const grpc_port = Number(process.argv[2])
void Config.connectToMaster({ grpc_port })
const token = await create({ a: 1 })
await Store.connect({ grpc_port: 1 })
console.log(JSON.stringify(await read(token)))
