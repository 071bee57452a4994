/** A client's operations over several streams, without any. */
import test, { type ExecutionContext } from 'ava'
import { PendingOperations } from '../../build/src/grpc/client/pending-operations.js'
import { Kind, plainOperation } from '../../build/src/grpc/wire/batch-operation.js'
import { InFlight } from '../../build/src/grpc/wire/in-flight.js'

const MASTER = Buffer.alloc(16, 1)
const OTHER = Buffer.alloc(16, 2)
const unknown = { code: 'ERR_CRUDJT_OUTCOME_UNKNOWN', message: /here:5/ }
const late = () => Object.assign(new Error('late'), { code: 'LATE' })

function newBacklog() {
  const inFlight = new InFlight()
  const backlog = new PendingOperations('here:5', inFlight)
  const calls: Promise<unknown>[] = []
  const call = (deadline = 100) => {
    const answer = backlog.add(plainOperation(Kind.READ, 'A'.repeat(22)), deadline)
    answer.catch(() => {})
    calls.push(answer)
    return answer
  }
  /** The highest number of each message that can be sent now. */
  const sent = () => {
    const batches: number[] = []
    for (let batch = backlog.take(); batch !== undefined; batch = backlog.take()) {
      batches.push(batch.last)
    }
    return batches
  }
  const answer = (number: number) => backlog.answered(number)?.resolve('done' as never)
  return { backlog, inFlight, calls, call, sent, answer }
}

async function answersOf(t: ExecutionContext, calls: Promise<unknown>[]): Promise<void> {
  for (const call of calls) t.is(await call, 'done')
}

test('calls of one turn are sent in one message, and replies are acknowledged', async (t) => {
  const { backlog, inFlight, calls, call, sent, answer } = newBacklog()
  backlog.begin(MASTER, false)
  for (let i = 0; i < 5; i++) call()
  t.is(backlog.acknowledged, 0)
  t.deepEqual(sent(), [5])
  t.is(inFlight.count, 5)
  for (const number of [2, 3, 1, 5]) answer(number)
  t.is(backlog.acknowledged, 3)
  answer(4)
  answer(4)
  t.is(backlog.acknowledged, 5)
  t.is(inFlight.count, 0)
  await answersOf(t, calls)
})

test('a third message waits until the master has taken the first', (t) => {
  const { backlog, call, sent } = newBacklog()
  backlog.begin(MASTER, false)
  const all: number[] = []
  for (let i = 0; i < 4; i++) {
    call()
    all.push(...sent())
  }
  t.deepEqual(all, [1, 2])
  backlog.begun(1)
  t.deepEqual(sent(), [4])
  backlog.begun(4)
  t.deepEqual(sent(), [])
})

test('after a reconnection the same master instance gets all unanswered operations again, in order', async (t) => {
  const { backlog, calls, call, sent, answer } = newBacklog()
  backlog.begin(MASTER, false)
  for (let i = 0; i < 5; i++) call()
  sent()
  answer(2)
  call()
  backlog.begin(MASTER, true)
  t.deepEqual(sent(), [6])
  for (const number of [1, 3, 4, 5, 6]) answer(number)
  await answersOf(t, calls)
})

test('an operation that is answered before its retransmission is not sent again', async (t) => {
  const { backlog, calls, call, sent, answer } = newBacklog()
  backlog.begin(MASTER, false)
  for (let i = 0; i < 3; i++) call()
  sent()
  backlog.begin(MASTER, true)
  answer(3)
  t.deepEqual(sent(), [2])
  backlog.begin(MASTER, true)
  for (const number of [1, 2]) answer(number)
  t.deepEqual(sent(), [])
  await answersOf(t, calls)
})

test('another master instance gets only operations that were never sent', async (t) => {
  for (const [master, resumed] of [
    [OTHER, false],
    [OTHER, true],
    [MASTER, false],
  ] as const) {
    const { backlog, inFlight, calls, call, sent, answer } = newBacklog()
    backlog.begin(MASTER, false)
    call()
    call()
    sent()
    answer(1)
    call()
    backlog.begin(master, resumed)
    await t.throwsAsync(() => calls[1] as Promise<unknown>, unknown)
    t.deepEqual(sent(), [3])
    answer(3)
    t.is(inFlight.count, 0)
    await answersOf(t, [calls[0], calls[2]] as Promise<unknown>[])
  }
})

test('operations sent to an earlier instance fail even if a stream was lost in between', async (t) => {
  const { backlog, calls, call, sent } = newBacklog()
  backlog.begin(MASTER, false)
  call()
  sent()
  backlog.begin(MASTER, true)
  backlog.begin(OTHER, false)
  await t.throwsAsync(() => calls[0] as Promise<unknown>, unknown)
  t.deepEqual(sent(), [])
})

test('operations that a stopping master did not take go to the next one', async (t) => {
  const { backlog, calls, call, sent, answer } = newBacklog()
  backlog.begin(MASTER, false)
  for (let i = 0; i < 3; i++) call()
  sent()
  answer(1)
  backlog.goodbye(2)
  backlog.begin(OTHER, false)
  await t.throwsAsync(() => calls[1] as Promise<unknown>, unknown)
  t.deepEqual(sent(), [3])
  answer(3)
  await answersOf(t, [calls[0], calls[2]] as Promise<unknown>[])
})

test('a call that failed before it was sent is never sent', async (t) => {
  const { backlog, calls, call, sent } = newBacklog()
  call(10)
  call(20)
  t.is(backlog.expire(5, false, late), 10)
  t.is(backlog.expire(15, false, late), 20)
  await t.throwsAsync(() => calls[0] as Promise<unknown>, { code: 'LATE' })
  backlog.begin(MASTER, false)
  t.deepEqual(sent(), [2])
  t.is(backlog.acknowledged, 1)
})

test('a failed call that was queued behind others is not sent either', async (t) => {
  const { backlog, calls, call, sent } = newBacklog()
  backlog.begin(MASTER, false)
  call(100)
  sent()
  call(100)
  sent()
  call(10)
  call(100)
  t.deepEqual(sent(), [])
  backlog.expire(200, true, late)
  await Promise.allSettled(calls)
  call(300)
  backlog.begun(2)
  t.deepEqual(sent(), [5])
})

test('a call that failed in flight keeps its place until its reply arrives', async (t) => {
  const { backlog, inFlight, calls, call, sent, answer } = newBacklog()
  backlog.begin(MASTER, false)
  call(10)
  call(1000)
  sent()
  t.is(backlog.expire(20, true, late), 1000)
  await t.throwsAsync(() => calls[0] as Promise<unknown>, { code: 'LATE' })
  t.is(inFlight.count, 1)
  t.is(backlog.acknowledged, 0)
  answer(1)
  t.is(backlog.acknowledged, 1)
  backlog.begin(MASTER, true)
  t.deepEqual(sent(), [2])
})

test('the number of unanswered operations is bounded', (t) => {
  const { backlog, call, sent, answer } = newBacklog()
  backlog.begin(MASTER, false)
  const rounds = 20
  let highest = 0
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 1000; i++) call()
    highest = sent().at(-1) ?? highest
    backlog.begun(highest)
  }
  t.true(highest < rounds * 1000)
  for (let number = 1; number <= highest; number++) answer(number)
  t.true((sent().at(-1) ?? 0) > highest)
})

test('operations that are taken out are settled by the taker', (t) => {
  const { backlog, inFlight, call, sent } = newBacklog()
  for (let i = 0; i < 3; i++) call()
  t.is(backlog.drain().length, 3)
  t.is(inFlight.count, 3)
  backlog.begin(MASTER, false)
  t.deepEqual(sent(), [])
})
