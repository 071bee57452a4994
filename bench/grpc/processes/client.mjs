/**
 * A client in a process of its own:  fork client.mjs DRIVER PORT DEPTH COUNT
 * Keeps DEPTH calls under way until COUNT of each kind are made, and checks every answer. Makes a fifth as
 * many first, sends 'ready', waits for a message, and sends the seconds that each kind has taken.
 */
import { once } from 'node:events'
import { isRecord, makeRecord, number } from '../../record.mjs'
import { DRIVERS } from './drivers.mjs'

const [name, port, depth, count] = process.argv.slice(2).map((arg) => Number(arg) || arg)
const member = makeRecord('member')
const editor = makeRecord('editor')

const { connect } = await DRIVERS[name]()
const calls = await connect(port)
await everyCall(Math.ceil(count / 5))
process.send('ready')
await once(process, 'message')
process.send(await everyCall(count))
await calls.close()
process.disconnect()

/** @returns {Promise<Record<string, number>>} seconds by call */
async function everyCall(count) {
  const tokens = new Array(count)
  const keep = async (i) => {
    tokens[i] = await calls.create(number(member, i))
    return true
  }
  return {
    create: await timed(count, keep),
    read: await timed(count, async (i) => isRecord(await calls.read(tokens[i]), i, 'member')),
    update: await timed(count, (i) => calls.update(tokens[i], number(editor, i))),
    delete: await timed(count, (i) => calls.delete(tokens[i])),
  }
}

/** @param work on the i-th token; resolves to whether it went right */
async function timed(count, work) {
  let next = 0
  let right = 0
  const loop = async () => {
    while (next < count) if (await work(next++)) right += 1
  }
  const begin = performance.now()
  await Promise.all(Array.from({ length: depth }, loop))
  const seconds = (performance.now() - begin) / 1000
  if (right !== count) throw new Error(`${name}: ${right} of ${count} were right`)
  return seconds
}
