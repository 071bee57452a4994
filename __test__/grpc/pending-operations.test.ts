/** The bookkeeping of a client's operations across streams, without a network. */
import test, { type ExecutionContext } from 'ava'
import { PendingOperations } from '../../build/src/grpc/client/pending-operations.js'
import { Kind, plainOperation } from '../../build/src/grpc/wire/batch-operation.js'
import { InFlight } from '../../build/src/grpc/wire/in-flight.js'

const MASTER = Buffer.alloc(16, 1)
const OTHER = Buffer.alloc(16, 2)
const unknown = { code: 'ERR_CRUDJT_OUTCOME_UNKNOWN', message: /here:5/ }
const late = () => Object.assign(new Error('late'), { code: 'LATE' })

function newPending() {
  const inFlight = new InFlight()
  const pending = new PendingOperations('here:5', inFlight)
  const calls: Promise<unknown>[] = []
  const call = (deadline = 100) => {
    const answer = pending.add(plainOperation(Kind.READ, 'A'.repeat(22)), deadline)
    answer.catch(() => {})
    calls.push(answer)
    return answer
  }
  /** The highest number of each batch that may be sent now. */
  const sent = () => {
    const batches: number[] = []
    for (let batch = pending.nextBatch(); batch !== undefined; batch = pending.nextBatch()) {
      batches.push(batch.last)
    }
    return batches
  }
  const answer = (number: number) => pending.answered(number)?.resolve('done' as never)
  return { pending, inFlight, calls, call, sent, answer }
}

async function answersOf(t: ExecutionContext, calls: Promise<unknown>[]): Promise<void> {
  for (const call of calls) t.is(await call, 'done')
}

test('calls of one turn leave in one message, and answered ones are acknowledged', async (t) => {
  const { pending, inFlight, calls, call, sent, answer } = newPending()
  pending.beginStream(MASTER, false)
  for (let i = 0; i < 5; i++) call()
  t.is(pending.acknowledged, 0)
  t.deepEqual(sent(), [5])
  t.is(inFlight.count, 5)
  for (const number of [2, 3, 1, 5]) answer(number)
  t.is(pending.acknowledged, 3)
  answer(4)
  answer(4)
  t.is(pending.acknowledged, 5)
  t.is(inFlight.count, 0)
  await answersOf(t, calls)
})

test('a third message waits until the master has started the first', (t) => {
  const { pending, call, sent } = newPending()
  pending.beginStream(MASTER, false)
  const all: number[] = []
  for (let i = 0; i < 4; i++) {
    call()
    all.push(...sent())
  }
  t.deepEqual(all, [1, 2])
  pending.started(1)
  t.deepEqual(sent(), [4])
  pending.started(4)
  t.deepEqual(sent(), [])
})

test('unanswered operations are retransmitted in order to the same instance of the master', async (t) => {
  const { pending, calls, call, sent, answer } = newPending()
  pending.beginStream(MASTER, false)
  for (let i = 0; i < 5; i++) call()
  sent()
  answer(2)
  call()
  pending.beginStream(MASTER, true)
  t.deepEqual(sent(), [6])
  for (const number of [1, 3, 4, 5, 6]) answer(number)
  await answersOf(t, calls)
})

test('an operation that is answered before its retransmission is not retransmitted', async (t) => {
  const { pending, calls, call, sent, answer } = newPending()
  pending.beginStream(MASTER, false)
  for (let i = 0; i < 3; i++) call()
  sent()
  pending.beginStream(MASTER, true)
  answer(3)
  t.deepEqual(sent(), [2])
  pending.beginStream(MASTER, true)
  for (const number of [1, 2]) answer(number)
  t.deepEqual(sent(), [])
  await answersOf(t, calls)
})

test('another instance gets only operations that no earlier one was sent', async (t) => {
  for (const [master, resumed] of [
    [OTHER, false],
    [OTHER, true],
    [MASTER, false],
  ] as const) {
    const { pending, inFlight, calls, call, sent, answer } = newPending()
    pending.beginStream(MASTER, false)
    call()
    call()
    sent()
    answer(1)
    call()
    pending.beginStream(master, resumed)
    await t.throwsAsync(() => calls[1] as Promise<unknown>, unknown)
    t.deepEqual(sent(), [3])
    answer(3)
    t.is(inFlight.count, 0)
    await answersOf(t, [calls[0], calls[2]] as Promise<unknown>[])
  }
})

test('an operation sent to an earlier instance fails even if a stream was lost in between', async (t) => {
  const { pending, calls, call, sent } = newPending()
  pending.beginStream(MASTER, false)
  call()
  sent()
  pending.beginStream(MASTER, true)
  pending.beginStream(OTHER, false)
  await t.throwsAsync(() => calls[0] as Promise<unknown>, unknown)
  t.deepEqual(sent(), [])
})

test('operations that a master did not start before its graceful shutdown go to the next one', async (t) => {
  const { pending, calls, call, sent, answer } = newPending()
  pending.beginStream(MASTER, false)
  for (let i = 0; i < 3; i++) call()
  sent()
  answer(1)
  pending.goodbye(2)
  pending.beginStream(OTHER, false)
  await t.throwsAsync(() => calls[1] as Promise<unknown>, unknown)
  t.deepEqual(sent(), [3])
  answer(3)
  await answersOf(t, [calls[0], calls[2]] as Promise<unknown>[])
})

test('after a goodbye nothing is sent on the stream, so the next master gets it', async (t) => {
  const { pending, calls, call, sent, answer } = newPending()
  pending.beginStream(MASTER, false)
  call()
  t.deepEqual(sent(), [1])
  answer(1)
  pending.goodbye(1)
  call()
  t.deepEqual(sent(), [])
  pending.beginStream(OTHER, false)
  t.deepEqual(sent(), [2])
  answer(2)
  await answersOf(t, calls as Promise<unknown>[])
})

test('a call that failed before it was sent is never sent', async (t) => {
  const { pending, calls, call, sent } = newPending()
  call(10)
  call(20)
  t.is(pending.expire(5, false, late), 10)
  t.is(pending.expire(15, false, late), 20)
  await t.throwsAsync(() => calls[0] as Promise<unknown>, { code: 'LATE' })
  pending.beginStream(MASTER, false)
  t.deepEqual(sent(), [2])
  t.is(pending.acknowledged, 1)
})

test('a call that failed while it was queued behind others is not sent either', async (t) => {
  const { pending, calls, call, sent } = newPending()
  pending.beginStream(MASTER, false)
  call(100)
  sent()
  call(100)
  sent()
  call(10)
  call(100)
  t.deepEqual(sent(), [])
  pending.expire(200, true, late)
  await Promise.allSettled(calls)
  call(300)
  pending.started(2)
  t.deepEqual(sent(), [5])
})

test('a call that failed in flight counts as unanswered until its reply arrives', async (t) => {
  const { pending, inFlight, calls, call, sent, answer } = newPending()
  pending.beginStream(MASTER, false)
  call(10)
  call(1000)
  sent()
  t.is(pending.expire(20, true, late), 1000)
  await t.throwsAsync(() => calls[0] as Promise<unknown>, { code: 'LATE' })
  t.is(inFlight.count, 1)
  t.is(pending.acknowledged, 0)
  answer(1)
  t.is(pending.acknowledged, 1)
  pending.beginStream(MASTER, true)
  t.deepEqual(sent(), [2])
})

test('the number of unanswered operations is bounded', (t) => {
  const { pending, call, sent, answer } = newPending()
  pending.beginStream(MASTER, false)
  const rounds = 20
  let highest = 0
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 1000; i++) call()
    highest = sent().at(-1) ?? highest
    pending.started(highest)
  }
  t.true(highest < rounds * 1000)
  for (let number = 1; number <= highest; number++) answer(number)
  t.true((sent().at(-1) ?? 0) > highest)
})

test('drained operations are settled by the caller', (t) => {
  const { pending, inFlight, call, sent } = newPending()
  for (let i = 0; i < 3; i++) call()
  t.is(pending.drain().length, 3)
  t.is(inFlight.count, 3)
  pending.beginStream(MASTER, false)
  t.deepEqual(sent(), [])
})
