/** Runs the trials of a part: a fresh folder each, a server where the peer needs one, fresh processes. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, startRedis, stopServers } from '../grpc/servers.mjs'
import { inFolder, runScript } from '../processes.mjs'
import { PEERS } from './peers.mjs'

/** @param trial `{key, peer, run}` of a part @returns what its last process printed */
export const runTrial = ({ peer, run }) =>
  inFolder(async (folder) => {
    const server = PEERS[peer].server ? await startRedis(folder) : undefined
    try {
      const where = server
        ? { port: server.port, server: server.child.pid }
        : { port: await freePort() }
      const store = join(folder, 'store')
      const go = (script, args) =>
        runScript(fileOf(script), [json({ peer, folder: store, ...where, ...args })])
      return await run(go, folder)
    } finally {
      if (server) await stopServers({ server })
    }
  })

const json = (value) => JSON.stringify(value)
const fileOf = (script) => fileURLToPath(new URL(`trials/${script}.mjs`, import.meta.url))
