/** The servers of one round, each in a process, on a port and in a folder of its own. */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { message } from './messages.mjs'

const MASTER = fileURLToPath(new URL('processes/master.mjs', import.meta.url))
const REDIS_START_MS = 5_000

/** Both sync what was written once a second, beside the calls. */
const DURABILITY = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '']

/**
 * @param {Record<'older' | 'redis', boolean>} peers
 * @param {string} folder that is there, for all of them
 */
export async function startServers(peers, folder) {
  const servers = { ours: await startMaster('ours', folder) }
  if (peers.older) servers.older = await startMaster('older', folder)
  if (peers.redis) servers.redis = servers.pipelined = await startRedis(folder)
  return servers
}

/** Ends them, whatever they do; their folders are thrown away. */
export async function stopServers(servers) {
  for (const { child } of new Set(Object.values(servers))) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
}

async function startMaster(name, folder) {
  const port = await freePort()
  const child = fork(MASTER, [name, join(folder, name), String(port)])
  await message(child)
  const processorTime = async () => {
    child.send('processor time')
    return message(child)
  }
  return { child, port, processorTime }
}

/**
 * A server of Redis with a folder of its own below `folder`.
 * @param {string[]} command that runs it, for example on one processor
 * @returns `{child, port, path}`: its port, and its Unix socket
 */
export async function startRedis(folder, command = []) {
  const port = await freePort()
  const own = join(folder, 'redis')
  mkdirSync(own)
  const path = join(own, 'socket')
  const where = ['--bind', '127.0.0.1', '--port', String(port), '--unixsocket', path, '--dir', own]
  const [program, ...args] = [...command, 'redis-server', ...where, ...DURABILITY]
  const child = spawn(program, args, { stdio: 'ignore' })
  await answering(port, performance.now() + REDIS_START_MS)
  return { child, port, path }
}

async function answering(port, deadline) {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } catch (error) {
    if (performance.now() > deadline) throw error
    await delay(20)
    await answering(port, deadline)
  } finally {
    socket.destroy()
  }
}

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
