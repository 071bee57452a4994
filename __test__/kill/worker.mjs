// One of the threads of child.mjs: 32 lanes, each with one operation in flight at any time. A lane
// changes tokens of its own, and counts down the one token that all lanes share.
//
// Every operation is announced before and acknowledged after, with no buffer in between:
// `will TOKEN STATE` and `is TOKEN STATE`, where TOKEN is `-` before a create. A state is `gone`,
// `NAME READS` (how many are left, `-` without limit) or `until MS` (it expires then, in milliseconds
// since 1970). `count TOKEN` and `counted TOKEN LEFT` go with a read of the shared token.
import assert from 'node:assert/strict'
import { writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import { Store } from 'crudjt'

const LANES = 32
const TOKENS = 12
const { options, shared, name: thread } = workerData
const store = await Store.open(options)
const say = (line) => writeSync(3, `${line}\n`)
const chance = (share) => Math.random() < share
const stateOf = ({ name, reads }) => `${name} ${reads ?? '-'}`
let named = 0

/** A new record: its name ends in the length of its padding, a fifth of them fill the journal. */
function newRecord() {
  const length = chance(0.2) ? 20_000 + Math.floor(Math.random() * 44_000) : named % 100
  return { name: `${thread}.${named++}.${length}`, reads: chance(0.5) ? 3 : undefined }
}

const dataOf = (name) => ({ name, pad: ''.padEnd(Number(name.split('.').at(-1)), name) })
const ttl = () => (chance(0.5) ? 100_000 : undefined)
const optionsOf = ({ reads }) => ({ ttl: ttl(), silence_read: reads, durable: chance(0.05) })

// Each operation is what is said before it, the call, and from its answer what is said after it.

function create(tokens) {
  const record = newRecord()
  const is = (token) => {
    tokens.push({ token, ...record })
    return `is ${token} ${stateOf(record)}`
  }
  const call = () => store.create(dataOf(record.name), optionsOf(record))
  return { will: `will - ${stateOf(record)}`, call, is }
}

function createBrief() {
  const call = () => store.create({ brief: true }, 1)
  return { will: 'will - until', call, is: (token) => `is ${token} until ${Date.now() + 1000}` }
}

function update(held) {
  const { name, reads } = newRecord()
  const keep = chance(0.3)
  Object.assign(held, { name, reads: keep ? held.reads : reads })
  const change = `${held.token} ${stateOf(held)}`
  const call = () => store.update(held.token, dataOf(name), keep ? { keep } : optionsOf(held))
  return { will: `will ${change}`, call, is: (done) => done && `is ${change}` }
}

function read(held, tokens) {
  if (held.reads !== undefined) held.reads--
  if (held.reads === 0) tokens.splice(tokens.indexOf(held), 1)
  const change = `${held.token} ${held.reads === 0 ? 'gone' : stateOf(held)}`
  const is = (session) => {
    assert.equal(session?.data.name, held.name)
    assert.equal(session.metadata?.silence_read, held.reads)
    return `is ${change}`
  }
  return { will: `will ${change}`, call: () => store.read(held.token), is }
}

function remove(held, tokens) {
  tokens.splice(tokens.indexOf(held), 1)
  const change = `${held.token} gone`
  const call = () => store.delete(held.token, { durable: chance(0.05) })
  return { will: `will ${change}`, call, is: (done) => done && `is ${change}` }
}

function count() {
  const is = ({ metadata }) => `counted ${shared} ${metadata.silence_read}`
  return { will: `count ${shared}`, call: () => store.read(shared), is }
}

/** What a lane does next: with many tokens it deletes one. */
function next(tokens) {
  if (tokens.length < 2 || chance(0.2)) return create(tokens)
  if (chance(0.1)) return chance(0.5) ? createBrief() : count()
  const held = tokens[Math.floor(Math.random() * tokens.length)]
  if (chance(0.2) || tokens.length > TOKENS) return remove(held, tokens)
  return chance(0.5) ? update(held) : read(held, tokens)
}

/** One lane. After an acknowledgement it announces the next operation before any other lane's turn. */
async function work() {
  for (const tokens = []; ; ) {
    const { will, call, is } = next(tokens)
    say(will)
    const answer = await call()
    // Some are acknowledged only after the event loop has gone round.
    if (chance(0.1)) await setImmediate()
    const line = is(answer)
    assert.ok(line, `no live token: ${will}`)
    say(line)
  }
}

await Promise.all(Array.from({ length: LANES }, work))
