/** One round: every measure once, ours and the peers in turn, each client a process of its own. */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CALLS, SPEEDS } from './measures.mjs'
import { message } from './messages.mjs'
import { startServers, stopServers } from './servers.mjs'

const CLIENT = fileURLToPath(new URL('processes/client.mjs', import.meta.url))

/** How many clients work together, and with how many calls under way each. */
const TOGETHER = 4
const DEPTH = 64

/**
 * @param {Record<'older' | 'redis', boolean>} peers
 * @param counts how many calls of each kind: `slow` of the older one, `one` at a time, `many` together
 */
export async function round(peers, counts) {
  const folder = mkdtempSync(join(tmpdir(), 'crudjt-peers-'))
  const servers = await startServers(peers, folder)
  try {
    return {
      rates: await allRates(servers, counts),
      unary: await unary(servers, 3 * counts.slow),
      ...(await together(servers.ours, 8 * counts.many)),
    }
  } finally {
    await stopServers(servers)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Calls a second by peer and depth. */
async function allRates(servers, counts) {
  const rates = {}
  for (const depth of [1, 64, 512]) {
    for (const name of namesAt(depth).filter((name) => name in servers)) {
      const count = countOf(name, depth, counts)
      const [seconds] = await run([[name, servers[name].port, depth, count]])
      rates[`${name} ${depth}`] = Object.fromEntries(
        CALLS.map((call) => [call, count / seconds[call]]),
      )
    }
  }
  return rates
}

function namesAt(depth) {
  const peers = Object.values(SPEEDS).filter((speed) => speed.depth === depth)
  return ['ours', ...peers.map(({ peer }) => peer)]
}

function countOf(name, depth, { slow, one, many }) {
  if (name === 'older') return slow
  return depth === 1 ? one : many
}

/**
 * Microseconds of the master's processor time for a unary call: of both masters, by the older client. More
 * calls than elsewhere, since the older master has been answering unary calls all the time, and ours has not.
 */
async function unary(servers, count) {
  if (servers.older === undefined) return undefined
  const times = {}
  for (const name of ['ours', 'older']) {
    const { port, processorTime } = servers[name]
    let before = 0
    const begin = async () => {
      before = await processorTime()
    }
    await run([['older', port, DEPTH, count]], begin)
    times[name] = ((await processorTime()) - before) / (CALLS.length * count)
  }
  return times
}

/**
 * Calls a second of all kinds, of one client and of several at the same time in sum. They make as many calls
 * together as the one does alone, for how many tokens are alive is most of what a call costs the engine; and
 * so many that it does not matter that the JavaScript of four processes has to be compiled: that takes 6 % with
 * a quarter of them.
 */
async function together({ port }, count) {
  const rate = async (clients) => {
    let begun = 0
    const begin = async () => {
      begun = performance.now()
    }
    await run(Array(clients).fill(['ours', port, DEPTH, count / clients]), begin)
    return (CALLS.length * count * 1000) / (performance.now() - begun)
  }
  return { one: await rate(1), four: await rate(TOGETHER) }
}

/**
 * Runs clients at the same time, beginning when all are ready.
 * @param begin is awaited right before
 * @returns {Promise<Record<string, number>[]>} the seconds that each took for each kind of call
 */
async function run(clients, begin = async () => {}) {
  const children = clients.map((args) => fork(CLIENT, args.map(String)))
  await Promise.all(children.map(message))
  await begin()
  const results = children.map(message)
  for (const child of children) child.send('go')
  return Promise.all(results)
}
