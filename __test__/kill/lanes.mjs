// Lanes: each has one operation on a store in flight at any time, on tokens of its own and on the one
// that all lanes count down. Every operation is announced before and acknowledged after, in the words
// of log.ts, with no buffer in between that would end with this process.
import { writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

const TOKENS = 8
const LONGEST = 60_000
const BRIEF_MS = 1000

// A short line goes through the pipe as a whole. The pipe is one that Node does not know: it would
// make its own standard output one that can be full.
export const say = (line) => writeSync(3, `${line}\n`)

const chance = (share) => Math.random() < share
const below = (limit) => Math.floor(Math.random() * limit)

let named = 0

/** The name of a new state: it ends in the length of its padding. */
function newName(length = chance(0.02) ? below(LONGEST) : below(100)) {
  return `${process.pid}.${named++}.${length}`
}

const dataOf = (name) => ({ name, pad: ''.padEnd(Number(name.split('.').at(-1)), name) })
const limits = (reads) => ({
  ttl: chance(0.5) ? 100_000 : undefined,
  silence_read: reads === '-' ? undefined : Number(reads),
  durable: chance(0.03),
})

/** What a read gave, in the words of log.ts. */
export function answerOf(session) {
  if (session === null) return 'gone'
  const { brief, shared, name, pad } = session.data
  const reads = session.metadata?.silence_read ?? '-'
  if (brief || shared) return `${brief ? 'brief' : 'shared'} ${reads}`
  const whole = name !== undefined && pad === dataOf(name).pad
  return `${whole ? name : 'damaged'} ${reads}`
}

// Each operation is what is said before it, the call, and from its answer what is said after it.

function create({ store, tokens }) {
  const name = newName()
  const reads = chance(0.5) ? String(1 + below(4)) : '-'
  const did = (token) => {
    tokens.push(token)
    return token
  }
  const call = () => store.create(dataOf(name), limits(reads))
  return { will: `create ${name} ${reads}`, call, did }
}

function createBrief({ store }) {
  const call = () => store.create({ brief: true }, BRIEF_MS / 1000)
  const did = (token) => `${token} ${Date.now() + BRIEF_MS}`
  return { will: `brief ${Date.now() + BRIEF_MS}`, call, did }
}

/** An update; with a length, of data that long. */
export function update({ store, token, length }) {
  const name = newName(length)
  const reads = chance(0.3) ? '=' : chance(0.5) ? '3' : '-'
  const options = reads === '=' ? { keep: true } : limits(reads)
  const call = () => store.update(token, dataOf(name), options)
  return { will: `update ${token} ${name} ${reads}`, call, did: String }
}

function read({ store, token, forget }) {
  const did = (session) => {
    if (session === null || session.metadata?.silence_read === 0) forget()
    return answerOf(session)
  }
  return { will: `read ${token}`, call: () => store.read(token), did }
}

function remove({ store, token, forget }) {
  forget()
  const call = () => store.delete(token, { durable: chance(0.03) })
  return { will: `delete ${token}`, call, did: String }
}

/** What a lane does next: with many tokens it deletes one. */
function next({ store, tokens, shared }) {
  if (tokens.length < 2 || chance(0.2)) return create({ store, tokens })
  if (chance(0.1)) return createBrief({ store })
  if (chance(0.1)) return read({ store, token: shared, forget() {} })
  const token = tokens[below(tokens.length)]
  const forget = () => tokens.splice(tokens.indexOf(token), 1)
  if (chance(0.2) || tokens.length > TOKENS) return remove({ store, token, forget })
  return chance(0.5) ? update({ store, token }) : read({ store, token, forget })
}

/** Carries one operation out; false if the store is closed. */
export async function carryOut(lane, { will, call, did }) {
  say(`will ${lane} ${will}`)
  try {
    const answer = await call()
    // Some are acknowledged only after the event loop has gone round.
    if (chance(0.1)) await setImmediate()
    say(`did ${lane} ${did(answer)}`)
  } catch (error) {
    say(`failed ${lane} ${error.code ?? String(error).replaceAll(/\s/g, '_')}`)
    return error.code !== 'ERR_CRUDJT_NOT_STARTED'
  }
  return true
}

/**
 * Works in so many lanes until the store is closed, or as it is told.
 * @param name tells these lanes from those of others: `PID.` and more
 * @param adopted tokens to go on with
 */
export async function work({ store, name, lanes, adopted = [], shared, isOver = () => false }) {
  const lane = async (number) => {
    const tokens = adopted.filter((_, at) => at % lanes === number)
    while (!isOver()) {
      if (!(await carryOut(`${name}.${number}`, next({ store, tokens, shared })))) return
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
}
