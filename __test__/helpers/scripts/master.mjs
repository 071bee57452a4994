// A master in a process of its own, that does what it is told. node master.mjs OPTIONS
import { createRequire } from 'node:module'
import { Config } from '../../../build/index.js'
import native from '../../../native.cjs'

const { cache: loaded } = createRequire(import.meta.url)
const options = JSON.parse(process.argv[2])
await Config.startMaster(options)
const address = Config.address()

const orders = {
  address: () => address,
  /** Stops it and starts it anew at the same place. */
  async restart() {
    await Config.shutdownServer()
    await Config.startMaster({ ...options, ...address })
    return 'restarted'
  },
  async stop() {
    await Config.shutdownServer()
    return 'stopped'
  },
  memory: () => process.memoryUsage().rss,
  retransmissions: () => native.retransmissions(),
  loadedGrpc: () => Object.keys(loaded).some((path) => /node_modules.@grpc.grpc-js/.test(path)),
}

process.on('message', async (order) => process.send(await orders[order]()))
process.send('ready')
