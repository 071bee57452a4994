// A program that is run with no other files than those a tracer found. node traced.mjs FOLDER
import { Config, Store } from 'crudjt'

const secret_key = 'nSjWk2Q6w50NWkXr0EGvzqU6lAKdar7R2hBrjdfZ+DI='
await Config.startMaster({ secret_key, store_jt_path: process.argv[2], grpc_port: 0 })
const client = await Store.connect(Config.address())
console.log(JSON.stringify(await client.read(await client.create({ user: 42 }))))
await client.close()
await Config.shutdownServer()
