/**
 * One round of every call of the promise API, sequential and awaited, in a process that does nothing else:
 * once from its start, where compiling the JavaScript is part of every figure, and once more on a second
 * store, as in a process that has been running for a while.
 * node calls.mjs FOLDER COUNT   Prints microseconds a call, and the resident memory after the run.
 */
import CRUDJT from 'crudjt'
import { isRecord, makeRecord, number } from '../record.mjs'
import { expectAll, start, timed } from './common.mjs'

const [folder, count] = [process.argv[2], Number(process.argv[3])]
const HOT = Math.min(1_000, count)
const member = makeRecord('member')
const editor = makeRecord('editor')
const tokens = new Array(count)

const first = await everyCall(folder)
const { rss } = process.memoryUsage()
const second = await everyCall(`${folder}-2`)
const warm = Object.fromEntries(Object.entries(second).map(([key, value]) => [`${key}Warm`, value]))
console.log(JSON.stringify({ ...first, ...warm, rss }))

/** Every call on a new store. @param {string} folder @returns microseconds a call, by its name */
async function everyCall(folder) {
  await start(folder)
  const create = await timed(count, async () => {
    for (let i = 0; i < count; i++) tokens[i] = await CRUDJT.create(number(member, i))
  })
  const firstRead = await timed(count, () => readAll('member'))
  const repeatedRead = await timed(count, () => readAll('member'))
  await readHot() // not timed: brings them back to hand
  const hotRead = await timed(count, readHot)
  const update = await timed(count, updateAll)
  await readAll('editor')
  const remove = await timed(count, removeAll)
  if ((await CRUDJT.read(tokens[0])) !== null) throw new Error('a deleted token is still there')
  await CRUDJT.Config.shutdownServer()
  return { create, firstRead, repeatedRead, hotRead, update, delete: remove }
}

async function updateAll() {
  let done = 0
  for (let i = 0; i < count; i++) if (await CRUDJT.update(tokens[i], number(editor, i))) done += 1
  expectAll('update', done, count)
}

async function removeAll() {
  let done = 0
  for (let i = 0; i < count; i++) if (await CRUDJT.delete(tokens[i])) done += 1
  expectAll('delete', done, count)
}

async function readAll(role) {
  let right = 0
  for (let i = 0; i < count; i++) {
    const found = await CRUDJT.read(tokens[i])
    if (isRecord(found.data, i, role)) right += 1
  }
  expectAll('read', right, count)
}

/** As many reads, of a few tokens over and over: what a service does whose visitors click on. */
async function readHot() {
  let right = 0
  for (let i = 0; i < count; i++) {
    const found = await CRUDJT.read(tokens[i % HOT])
    if (isRecord(found.data, i % HOT, 'member')) right += 1
  }
  expectAll('read', right, count)
}
