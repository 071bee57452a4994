/**
 * A cluster: the primary owns the store and is the master, its workers are clients and share one HTTP
 * port. A user who has logged in at one worker is known to all, and is logged out everywhere at once.
 * The example drives itself, shows a table, and ends with status 1 if a worker did not know.
 *
 *   node main.mjs [--workers 4]
 */
import cluster from 'node:cluster'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import CRUDJT from 'crudjt'
import { drive } from './drive.mjs'
import { isWell, table } from './verdict.mjs'

const { values } = parseArgs({ options: { workers: { type: 'string', default: '4' } } })
const workers = Number(values.workers)

const folder = mkdtempSync(join(tmpdir(), 'crudjt-cluster-'))
try {
  await CRUDJT.Config.startMaster({
    secret_key: randomBytes(32).toString('base64'),
    store_jt_path: folder,
    grpc_port: 0,
  })
  const visits = await drive(await startWorkers(), workers)
  console.log(table(visits, workers))
  process.exitCode = isWell(visits, workers) ? 0 : 1
} finally {
  await stopWorkers()
  if (CRUDJT.Config.master()) await CRUDJT.Config.shutdownServer()
  rmSync(folder, { recursive: true, force: true })
}

/** @returns {Promise<number>} the HTTP port that they share */
async function startWorkers() {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('worker.mjs', import.meta.url)) })
  const { grpc_host, grpc_port } = CRUDJT.Config.address()
  const env = { GRPC_HOST: grpc_host, GRPC_PORT: grpc_port }
  const started = Array.from({ length: workers }, () => portOf(cluster.fork(env)))
  return (await Promise.all(started))[0]
}

/** Where a worker listens. Rejects if it ends instead. */
async function portOf(worker) {
  const ended = once(worker, 'exit').then(([status]) => {
    throw new Error(`worker ${worker.id} ended with status ${status}`)
  })
  const [{ port }] = await Promise.race([once(worker, 'listening'), ended])
  return port
}

async function stopWorkers() {
  const running = Object.values(cluster.workers ?? {})
  const ends = running.map((worker) => once(worker, 'exit'))
  for (const worker of running) worker.process.kill('SIGTERM')
  await Promise.all(ends)
}
