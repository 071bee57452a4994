/** A master's reply logs: deduplication, retransmission and eviction. */
import test from 'ava'
import { MAX_RETAINED_BYTES, type ReplyLog } from '../../build/src/grpc/server/reply-log.js'
import {
  MAX_DETACHED,
  MAX_TOTAL_BYTES,
  RETENTION_MS,
  ReplyLogs,
} from '../../build/src/grpc/server/reply-logs.js'

/** A stream that records what it receives. */
function newStream() {
  const heard = { messages: [] as Buffer[], fenced: 0, drained: 0 }
  return {
    heard,
    deliver: (message: Buffer) => void heard.messages.push(message),
    drained: () => void heard.drained++,
    fence: () => void heard.fenced++,
  }
}

/** Runs operations, each answered in a message of its own. */
function run(log: ReplyLog, numbers: number[], size = 5): void {
  for (const number of numbers) {
    log.admit(number)
    log.writer.error(number, 'CODE', 'x'.repeat(size))
    log.flush()
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a number is new once; afterwards its reply is retransmitted until it is acknowledged', (t) => {
  const { log } = new ReplyLogs().attach('a', newStream())
  t.is(log.admit(5), 'new')
  log.writer.token(5, 'token')
  log.flush()
  const reply = log.admit(5)
  t.true(Buffer.isBuffer(reply) && reply.includes('token'))
  log.acknowledge(4)
  t.deepEqual(log.admit(5), reply)
  t.is(log.admit(3), 'evicted')
  log.acknowledge(5)
  t.is(log.admit(5), 'evicted')
  t.is(log.admit(6), 'new')
})

test('the reply of a pending operation goes to the stream that is attached when it completes', async (t) => {
  const logs = new ReplyLogs()
  const [first, second] = [newStream(), newStream()]
  const { log } = logs.attach('a', first)
  t.is(log.admit(1), 'new')
  log.begin(1)
  t.is(log.admit(1), 'pending')
  logs.detach(log, first)
  t.deepEqual(logs.attach('a', second), { log, resumed: true })
  t.is(log.admit(1), 'pending')
  log.writer.result(1, true)
  log.finish(1)
  await turn()
  t.is(first.heard.messages.length, 0)
  t.is(second.heard.messages.length, 1)
  t.is(second.heard.drained, 1)
  t.true(Buffer.isBuffer(log.admit(1)))
})

test('an operation that completed in this turn, or after a retransmission, is still known', async (t) => {
  const logs = new ReplyLogs()
  const first = newStream()
  const { log } = logs.attach('a', first)
  run(log, [1])
  for (const number of [2, 3]) {
    log.admit(number)
    log.begin(number)
  }
  logs.attach('a', newStream())
  t.true(Buffer.isBuffer(log.admit(1)))
  log.writer.result(2, true)
  log.finish(2)
  await turn()
  log.writer.result(3, true)
  log.finish(3)
  t.true(Buffer.isBuffer(log.admit(2)))
  t.true(Buffer.isBuffer(log.admit(3)))
})

test('a reply that completes without a stream is retained for the next one', async (t) => {
  const logs = new ReplyLogs()
  const first = newStream()
  const { log } = logs.attach('a', first)
  log.admit(1)
  log.begin(1)
  logs.detach(log, first)
  log.writer.result(1, true)
  log.finish(1)
  await turn()
  logs.attach('a', newStream())
  t.true(Buffer.isBuffer(log.admit(1)))
})

test('a newer stream of the same client fences the older one', (t) => {
  const logs = new ReplyLogs()
  const [first, second] = [newStream(), newStream()]
  const { log } = logs.attach('a', first)
  t.deepEqual(logs.attach('a', second), { log, resumed: true })
  t.is(first.heard.fenced, 1)
  logs.detach(log, first)
  run(log, [1])
  t.is(first.heard.messages.length, 0)
  t.is(second.heard.messages.length, 1)
  t.false(logs.attach('b', newStream()).resumed)
})

test('a client exceeding its budget loses its oldest replies', (t) => {
  const logs = new ReplyLogs()
  const { log } = logs.attach('a', newStream())
  const size = MAX_RETAINED_BYTES / 8
  run(log, [1, 2, 3, 4, 5, 6, 7, 8, 9], size)
  t.true(logs.retainedBytes <= MAX_RETAINED_BYTES)
  t.is(log.admit(1), 'evicted')
  t.true(Buffer.isBuffer(log.admit(9)))
})

test('all clients together stay within a budget: disconnected ones are evicted first', (t) => {
  const logs = new ReplyLogs()
  const clients = (2 * MAX_TOTAL_BYTES) / MAX_RETAINED_BYTES
  const most = [1, 2, 3, 4, 5, 6, 7]
  const size = MAX_RETAINED_BYTES / 8
  const gone = newStream()
  const { log: first } = logs.attach('gone', gone)
  run(first, most, size)
  logs.detach(first, gone)
  const attached = Array.from({ length: clients }, (_, i) => logs.attach(`${i}`, newStream()))
  for (const { log } of attached) run(log, most, size)
  t.true(logs.retainedBytes <= MAX_TOTAL_BYTES)
  t.false(logs.attach('gone', newStream()).resumed)
  t.is(attached[0]?.log.admit(1), 'evicted')
  t.true(Buffer.isBuffer(attached.at(-1)?.log.admit(7)))
})

test('the logs of disconnected clients are limited in time and number', (t) => {
  let now = 0
  const logs = new ReplyLogs(() => now)
  const comeAndGo = (client: string) => {
    const stream = newStream()
    const { log, resumed } = logs.attach(client, stream)
    run(log, [log.highest + 1])
    logs.detach(log, stream)
    return resumed
  }
  t.false(comeAndGo('a'))
  now = RETENTION_MS - 1
  t.true(comeAndGo('a'))
  now = 2 * RETENTION_MS
  t.false(comeAndGo('a'))
  for (let i = 0; i < MAX_DETACHED; i++) comeAndGo(`other ${i}`)
  t.false(comeAndGo('a'))
  t.true(comeAndGo(`other ${MAX_DETACHED - 1}`))
})

test('the log of a client that said goodbye is discarded', (t) => {
  const logs = new ReplyLogs()
  const stream = newStream()
  const { log } = logs.attach('a', stream)
  run(log, [1, 2])
  t.true(logs.retainedBytes > 0)
  logs.release(log, stream)
  t.is(logs.retainedBytes, 0)
  t.false(logs.attach('a', newStream()).resumed)
})
