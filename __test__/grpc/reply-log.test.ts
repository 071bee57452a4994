/** What a master remembers of its clients. */
import test from 'ava'
import { KEPT_BYTES, type ReplyLog } from '../../build/src/grpc/server/reply-log.js'
import {
  ALL_KEPT_BYTES,
  KEPT_MS,
  MOST_DETACHED,
  ReplyLogs,
} from '../../build/src/grpc/server/reply-logs.js'

/** A stream that takes down what it hears. */
function newHolder() {
  const heard = { messages: [] as Buffer[], fenced: 0, relieved: 0 }
  return {
    heard,
    deliver: (message: Buffer) => void heard.messages.push(message),
    relieve: () => void heard.relieved++,
    fence: () => void heard.fenced++,
  }
}

/** Carries out operations, each in a message of its own. */
function carryOut(ledger: ReplyLog, numbers: number[], size = 5): void {
  for (const number of numbers) {
    ledger.take(number)
    ledger.writer.error(number, 'CODE', 'x'.repeat(size))
    ledger.flush()
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('an operation number is new once; its reply is then repeated until it is acknowledged', (t) => {
  const { ledger } = new ReplyLogs().attach('a', newHolder())
  t.is(ledger.take(5), 'new')
  ledger.writer.token(5, 'token')
  ledger.flush()
  const reply = ledger.take(5)
  t.true(Buffer.isBuffer(reply) && reply.includes('token'))
  ledger.acknowledge(4)
  t.deepEqual(ledger.take(5), reply)
  t.is(ledger.take(3), 'forgotten')
  ledger.acknowledge(5)
  t.is(ledger.take(5), 'forgotten')
  t.is(ledger.take(6), 'new')
})

test('a pending operation replies on the stream that is open when it completes', async (t) => {
  const ledgers = new ReplyLogs()
  const [first, second] = [newHolder(), newHolder()]
  const { ledger } = ledgers.attach('a', first)
  t.is(ledger.take(1), 'new')
  ledger.begin(1)
  t.is(ledger.take(1), 'under way')
  ledgers.detach(ledger, first)
  t.deepEqual(ledgers.attach('a', second), { ledger, resumed: true })
  t.is(ledger.take(1), 'under way')
  ledger.writer.result(1, true)
  ledger.finish(1)
  await turn()
  t.is(first.heard.messages.length, 0)
  t.is(second.heard.messages.length, 1)
  t.is(second.heard.relieved, 1)
  t.true(Buffer.isBuffer(ledger.take(1)))
})

test('a reply of this turn, or one newer than a retransmission, is not dropped', async (t) => {
  const ledgers = new ReplyLogs()
  const first = newHolder()
  const { ledger } = ledgers.attach('a', first)
  carryOut(ledger, [1])
  for (const number of [2, 3]) {
    ledger.take(number)
    ledger.begin(number)
  }
  ledgers.attach('a', newHolder())
  t.true(Buffer.isBuffer(ledger.take(1)))
  ledger.writer.result(2, true)
  ledger.finish(2)
  await turn()
  ledger.writer.result(3, true)
  ledger.finish(3)
  t.true(Buffer.isBuffer(ledger.take(2)))
  t.true(Buffer.isBuffer(ledger.take(3)))
})

test('a reply that completes without a stream is kept for the next one', async (t) => {
  const ledgers = new ReplyLogs()
  const first = newHolder()
  const { ledger } = ledgers.attach('a', first)
  ledger.take(1)
  ledger.begin(1)
  ledgers.detach(ledger, first)
  ledger.writer.result(1, true)
  ledger.finish(1)
  await turn()
  ledgers.attach('a', newHolder())
  t.true(Buffer.isBuffer(ledger.take(1)))
})

test('a newer stream of a client replaces the older one', (t) => {
  const ledgers = new ReplyLogs()
  const [first, second] = [newHolder(), newHolder()]
  const { ledger } = ledgers.attach('a', first)
  t.deepEqual(ledgers.attach('a', second), { ledger, resumed: true })
  t.is(first.heard.fenced, 1)
  ledgers.detach(ledger, first)
  carryOut(ledger, [1])
  t.is(first.heard.messages.length, 0)
  t.is(second.heard.messages.length, 1)
  t.false(ledgers.attach('b', newHolder()).resumed)
})

test('a client over its budget loses its oldest replies', (t) => {
  const ledgers = new ReplyLogs()
  const { ledger } = ledgers.attach('a', newHolder())
  const size = KEPT_BYTES / 8
  carryOut(ledger, [1, 2, 3, 4, 5, 6, 7, 8, 9], size)
  t.true(ledgers.keptBytes <= KEPT_BYTES)
  t.is(ledger.take(1), 'forgotten')
  t.true(Buffer.isBuffer(ledger.take(9)))
})

test('when all clients are over budget, those that are gone lose their replies first', (t) => {
  const ledgers = new ReplyLogs()
  const clients = (2 * ALL_KEPT_BYTES) / KEPT_BYTES
  const most = [1, 2, 3, 4, 5, 6, 7]
  const size = KEPT_BYTES / 8
  const gone = newHolder()
  const { ledger: first } = ledgers.attach('gone', gone)
  carryOut(first, most, size)
  ledgers.detach(first, gone)
  const attached = Array.from({ length: clients }, (_, i) => ledgers.attach(`${i}`, newHolder()))
  for (const { ledger } of attached) carryOut(ledger, most, size)
  t.true(ledgers.keptBytes <= ALL_KEPT_BYTES)
  t.false(ledgers.attach('gone', newHolder()).resumed)
  t.is(attached[0]?.ledger.take(1), 'forgotten')
  t.true(Buffer.isBuffer(attached.at(-1)?.ledger.take(7)))
})

test('a limited number of disconnected clients is remembered for a limited time', (t) => {
  let now = 0
  const ledgers = new ReplyLogs(() => now)
  const comeAndGo = (client: string) => {
    const holder = newHolder()
    const { ledger, resumed } = ledgers.attach(client, holder)
    carryOut(ledger, [ledger.highest + 1])
    ledgers.detach(ledger, holder)
    return resumed
  }
  t.false(comeAndGo('a'))
  now = KEPT_MS - 1
  t.true(comeAndGo('a'))
  now = 2 * KEPT_MS
  t.false(comeAndGo('a'))
  for (let i = 0; i < MOST_DETACHED; i++) comeAndGo(`other ${i}`)
  t.false(comeAndGo('a'))
  t.true(comeAndGo(`other ${MOST_DETACHED - 1}`))
})

test('nothing is kept for a client that said goodbye', (t) => {
  const ledgers = new ReplyLogs()
  const holder = newHolder()
  const { ledger } = ledgers.attach('a', holder)
  carryOut(ledger, [1, 2])
  t.true(ledgers.keptBytes > 0)
  ledgers.release(ledger, holder)
  t.is(ledgers.keptBytes, 0)
  t.false(ledgers.attach('a', newHolder()).resumed)
})
