/**
 * A cluster: the primary owns the store and serves it; the workers are its clients and share one HTTP
 * port. A user who logs in at one worker is known to all of them, and a logout takes effect everywhere at
 * once. The example sends the requests itself, prints a table, and exits with status 1 if a worker is wrong.
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
import { Config } from 'crudjt'
import { drive } from './drive.mjs'
import { passed, table } from './results.mjs'

const { values } = parseArgs({ options: { workers: { type: 'string', default: '4' } } })
const workers = Number(values.workers)

const folder = mkdtempSync(join(tmpdir(), 'crudjt-cluster-'))
try {
  await Config.startMaster({
    secret_key: randomBytes(32).toString('base64'), // a real service keeps it: no token opens without it
    store_jt_path: folder,
    grpc_port: 0, // picks a free port
  })
  const visits = await drive(await startWorkers(Config.address()), workers)
  console.log(table(visits, workers))
  process.exitCode = passed(visits, workers) ? 0 : 1
} finally {
  await stopWorkers()
  if (Config.master()) await Config.shutdownServer()
  rmSync(folder, { recursive: true, force: true })
}

/** @returns {Promise<number>} the HTTP port that the workers share */
async function startWorkers({ grpc_host, grpc_port }) {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('worker.mjs', import.meta.url)) })
  const env = { GRPC_HOST: grpc_host, GRPC_PORT: grpc_port }
  const ports = Array.from({ length: workers }, () => portOf(cluster.fork(env)))
  return (await Promise.all(ports))[0]
}

/** Rejects if the worker exits instead of listening. */
async function portOf(worker) {
  const exited = once(worker, 'exit').then(([status]) => {
    throw new Error(`worker ${worker.id} exited with status ${status}`)
  })
  const [{ port }] = await Promise.race([once(worker, 'listening'), exited])
  return port
}

async function stopWorkers() {
  const running = Object.values(cluster.workers ?? {})
  const exits = running.map((worker) => once(worker, 'exit'))
  for (const worker of running) worker.process.kill('SIGTERM')
  await Promise.all(exits)
}
