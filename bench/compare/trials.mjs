/** Runs the trials of a part: a fresh folder each, a server where the peer needs one, fresh processes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inFolder, runScript } from '../fresh.mjs'
import { freePort, startRedis, stopServers } from '../grpc/servers.mjs'
import { PEERS } from './peers.mjs'

/**
 * A trial is `{key, peer, run(go, folder)}`; `go(script, args)` runs a script of `trials/` and gives what it
 * printed. With `isKept` its folder is kept for all rounds, and `prepare(go, folder)` fills it before the first.
 */
export class Trials {
  #kept = new Map()

  async run(trial) {
    return trial.isKept ? this.#runKept(trial) : inFolder((folder) => runIn(folder, trial))
  }

  /** Removes what was kept. */
  end() {
    for (const folder of this.#kept.values()) rmSync(folder, { recursive: true, force: true })
  }

  async #runKept(trial) {
    const key = `${trial.part} ${trial.key}`
    if (!this.#kept.has(key)) {
      const folder = mkdtempSync(join(tmpdir(), 'crudjt-bench-'))
      this.#kept.set(key, folder)
      await runIn(folder, { peer: trial.peer, run: trial.prepare })
    }
    return runIn(this.#kept.get(key), trial)
  }
}

async function runIn(folder, { peer, run }) {
  const server = PEERS[peer].server ? await startRedis(folder) : undefined
  try {
    const port = server?.port ?? (await freePort())
    const where = { peer, folder: join(folder, 'store'), port, server: server?.child.pid }
    return await run((script, args) => runScript(fileOf(script), [json(where, args)]), folder)
  } finally {
    if (server) await stopServers({ server })
  }
}

const json = (where, args) => JSON.stringify({ ...where, ...args })
const fileOf = (script) => fileURLToPath(new URL(`trials/${script}.mjs`, import.meta.url))
