/**
 * A client in a process of its own:  fork client.mjs DRIVER WHERE
 * Sends 'ready', does each job that it is sent, and sends what that has measured.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isRecord, makeRecord, number } from '../record.mjs'
import { DRIVERS } from './drivers.mjs'
import { summary } from './summary.mjs'

/** How often each token is read, as a session is that many requests come with. */
const READS = 10

const [name, where] = process.argv.slice(2)
const member = makeRecord('member')
const editor = makeRecord('editor')
const calls = await DRIVERS[name](JSON.parse(where))

const JOBS = {
  /** All four calls, `count` of each, `depth` under way. */
  async calls({ depth, count }) {
    const tokens = new Array(count)
    const create = async (i) => {
      tokens[i] = await calls.create(number(member, i))
      return true
    }
    const few = Math.ceil(count / READS)
    const read = async (i) => isRecord(await calls.read(tokens[i % few]), i % few, 'member')
    return {
      create: await timed(count, depth, create),
      read: await timed(count, depth, read),
      update: await timed(count, depth, (i) => calls.update(tokens[i], number(editor, i))),
      delete: await timed(count, depth, (i) => calls.delete(tokens[i])),
    }
  },

  /** Reads of few tokens, one at a time. */
  async reads({ count }) {
    const tokens = await created(Math.ceil(count / READS))
    return timed(count, 1, (i) => readOne(tokens, i))
  },

  /** One read a millisecond. */
  async paced({ count }) {
    const tokens = await created(100)
    const times = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      await delay(1)
      const begin = performance.now()
      if (!(await readOne(tokens, i))) throw new Error('a wrong answer')
      times[i] = performance.now() - begin
    }
    return summary(times)
  },

  /** Creates and reads in turn for some time. */
  async during({ milliseconds }) {
    const tokens = await created(100)
    const times = []
    const end = performance.now() + milliseconds
    for (let i = 0; performance.now() < end; i++) {
      const begin = performance.now()
      if (i % 2 === 0) await calls.create(number(member, i))
      else if (!(await readOne(tokens, i))) throw new Error('a wrong answer')
      times.push(performance.now() - begin)
    }
    return summary(times)
  },
}

process.on('message', async ({ job, ...options }) => process.send(await JOBS[job](options)))
process.on('disconnect', () => process.exit())
process.send('ready')

async function created(count) {
  const tokens = []
  for (let i = 0; i < count; i++) tokens.push(await calls.create(number(member, i)))
  return tokens
}

async function readOne(tokens, i) {
  const at = i % tokens.length
  return isRecord(await calls.read(tokens[at]), at, 'member')
}

/** @param work on the i-th token; resolves to whether it went right */
async function timed(count, depth, work) {
  const times = new Float64Array(count)
  let next = 0
  const loop = async () => {
    while (next < count) {
      const i = next++
      const begin = performance.now()
      if (!(await work(i))) throw new Error(`${name}: a wrong answer`)
      times[i] = performance.now() - begin
    }
  }
  const [before, begin] = [process.cpuUsage(), performance.now()]
  await Promise.all(Array.from({ length: depth }, loop))
  const seconds = (performance.now() - begin) / 1000
  const { user, system } = process.cpuUsage(before)
  return { ...summary(times), rate: count / seconds, processor: (user + system) / count }
}
