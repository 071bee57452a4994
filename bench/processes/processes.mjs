/** The processes of a round: a master and a server of Redis, and clients that do jobs. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inFolder } from '../fresh.mjs'
import { message } from '../grpc/messages.mjs'
import { freePort, startRedis, stopServers } from '../grpc/servers.mjs'

const MASTER = fileURLToPath(new URL('master.mjs', import.meta.url))
const CLIENT = fileURLToPath(new URL('client.mjs', import.meta.url))

/**
 * Which processors servers and clients may use. A wake-up on another processor costs more than any
 * transport on a virtual machine, and the scheduler changes its mind: so calls one at a time are
 * measured on one processor, and many at a time on two.
 */
export const PLACES = {
  together: { servers: '0', clients: '0' },
  apart: { servers: '0', clients: '1' },
  free: { servers: undefined, clients: undefined },
}

/**
 * Calls `work` with servers that run, each in a process and a folder of its own.
 * @param {{servers?: string, clients?: string}} place
 * @param {boolean} hasRedis whether Redis is there
 * @param {object} options of the master
 */
export function withServers(place, hasRedis, work, options = {}) {
  return inFolder(async (folder) => {
    const servers = { ours: await startMaster(folder, place.servers, options) }
    if (hasRedis) servers.redis = await startRedis(folder, onProcessors(place.servers))
    mkdirSync(join(folder, 'lmdb'))
    const where = {
      folder: join(folder, 'lmdb'),
      port: servers.ours.port,
      redisPort: servers.redis?.port,
      redisPath: servers.redis?.path,
    }
    try {
      return await work(new Clients(where, place.clients), servers.ours.child)
    } finally {
      await stopServers(servers)
    }
  })
}

/** Asks a master. */
export function ask(master, question) {
  master.send(question)
  return message(master)
}

/** Makes clients. */
class Clients {
  constructor(where, processors) {
    this.where = where
    this.processors = processors
  }

  /** Has a new client of a peer do a job; resolves to what it measured. */
  async run(name, job) {
    const [result] = await this.runAll(name, 1, job)
    return result
  }

  /** The same with several clients, which begin together. `meanwhile` runs once they have begun. */
  async runAll(name, count, job, meanwhile = async () => {}) {
    const args = [name, JSON.stringify(this.where)]
    const clients = Array.from({ length: count }, () => start(CLIENT, args, this.processors))
    await Promise.all(clients.map(message))
    const results = clients.map(message)
    for (const client of clients) client.send(job)
    await meanwhile()
    const measured = await Promise.all(results)
    for (const client of clients) client.disconnect()
    await Promise.all(clients.map((client) => once(client, 'exit')))
    return measured
  }
}

async function startMaster(folder, processors, options) {
  const port = await freePort()
  const child = start(MASTER, [join(folder, 'ours'), port, JSON.stringify(options)], processors)
  await message(child)
  return { child, port }
}

function start(script, args, processors) {
  const [execPath, ...execArgv] = [...onProcessors(processors), process.execPath]
  return fork(script, args.map(String), { execPath, execArgv })
}

function onProcessors(processors) {
  return processors === undefined ? [] : ['taskset', '-c', processors]
}
