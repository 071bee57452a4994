/** One round: every measure once, ours and the peers in turn. */
import { ask, PLACES, withServers } from './processes.mjs'

const MANY = [64, 512]
const CLIENTS = 4
const BLOCKED_MS = 1_500

/**
 * @param {{redis: boolean, lmdb: boolean}} peers those that are there
 * @param counts how many calls: `one` at a time, `many` at a time, `paced` by a timer
 * @param {boolean} isReversed whether the peers come in the opposite order
 */
export async function round(peers, counts, isReversed) {
  const inOrder = (names) => {
    const there = names.filter((name) => isThere(name, peers))
    return isReversed ? there.reverse() : there
  }
  return {
    ...(await oneAtATime(inOrder, peers.redis, counts)),
    many: await manyAtATime(inOrder, peers.redis, counts.many),
    ...(await severalClients(inOrder, peers.redis, counts.one)),
    creates: { on: await ownCreates({}), off: await ownCreates({ shelf_size: 0 }) },
  }
}

/** Creates of the master itself, while a client has its shelf. */
function ownCreates(options) {
  const work = async (clients, master) => {
    await clients.run('ours', { job: 'reads', count: 1_000 })
    return ask(master, 'creates')
  }
  return withServers(PLACES.together, false, work, options)
}

function isThere(name, peers) {
  if (name === 'lmdb') return peers.lmdb
  return name === 'ours' || name === 'stream' || peers.redis
}

function oneAtATime(inOrder, hasRedis, { one, paced }) {
  return withServers(PLACES.together, hasRedis, async (clients, master) => {
    const result = { calls: {}, reads: {}, paced: {}, processor: {} }
    for (const name of inOrder(['ours', 'stream', 'redis', 'redisUnix'])) {
      const before = await ask(master, 'processor')
      const calls = await clients.run(name, { job: 'calls', depth: 1, count: one })
      const served = ((await ask(master, 'processor')) - before) / (4 * one)
      result.calls[name] = calls
      const all = Object.values(calls)
      const own = all.reduce((sum, { processor }) => sum + processor, 0) / all.length
      result.processor[name] = own + served
    }
    for (const name of inOrder(['ours', 'stream', 'redis', 'lmdb'])) {
      result.reads[name] = await clients.run(name, { job: 'reads', count: 10 * one })
      result.paced[name] = await clients.run(name, { job: 'paced', count: paced })
    }
    return result
  })
}

function manyAtATime(inOrder, hasRedis, count) {
  return withServers(PLACES.apart, hasRedis, async (clients) => {
    const result = {}
    for (const depth of MANY) {
      result[depth] = {}
      for (const name of inOrder(['ours', 'stream', 'pipelined'])) {
        result[depth][name] = await clients.run(name, { job: 'calls', depth, count })
      }
    }
    return result
  })
}

function severalClients(inOrder, hasRedis, count) {
  return withServers(PLACES.free, hasRedis, async (clients, master) => {
    const four = {}
    for (const name of inOrder(['ours', 'stream', 'redis', 'lmdb'])) {
      const all = await clients.runAll(name, CLIENTS, { job: 'reads', count: 10 * count })
      four[name] = all.reduce((sum, { rate }) => sum + rate, 0)
    }
    const blocked = {}
    for (const name of inOrder(['ours', 'stream'])) {
      const job = { job: 'during', milliseconds: BLOCKED_MS }
      const [times] = await clients.runAll(name, 1, job, () => ask(master, 'block'))
      blocked[name] = times
    }
    return { four, blocked }
  })
}
