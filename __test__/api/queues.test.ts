/** Calls that wait: the line in front of a busy engine, and flushes that are put together. */
import test from 'ava'
import { FlushQueue } from '../../build/src/engine/flush-queue.js'
import { WriteQueue } from '../../build/src/engine/write-queue.js'

const BUSY = -3

/** A promise that is resolved or rejected by hand. */
function byHand() {
  let resolve: () => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

test('calls are answered in their order, however long the first one waits', async (t) => {
  const rooms = [byHand(), byHand()]
  let waits = 0
  const room = new WriteQueue(() => (rooms[waits++] as ReturnType<typeof byHand>).promise)
  const done: number[] = []
  let busy = 2
  const call = (n: number) => () => {
    if (busy > 0) {
      busy--
      return BUSY
    }
    return done.push(n)
  }
  t.true(room.isFree)
  const answers = [room.join(call(1)), room.join(call(2)), room.join(call(3))]
  t.false(room.isFree)
  rooms[0]?.resolve()
  rooms[1]?.resolve()
  await Promise.all(answers)
  t.deepEqual(done, [1, 2, 3])
  t.is(waits, 2)
  await room.whenFree()
  t.true(room.isFree)
})

test('a call that fails does not block the others', async (t) => {
  const room = new WriteQueue(async () => {})
  const failing = room.join((): number => {
    throw new Error('mine')
  })
  const after = room.join(() => 5)
  await t.throwsAsync(failing, { message: 'mine' })
  t.is(await after, 5)
})

test('flushes requested during a flush share the next one', async (t) => {
  const flushes: ReturnType<typeof byHand>[] = []
  const flusher = new FlushQueue(() => {
    const flush = byHand()
    flushes.push(flush)
    return flush.promise
  })
  const first = flusher.flush()
  const later = [flusher.flush(), flusher.flush(), flusher.flush()]
  t.is(flushes.length, 1)
  flushes[0]?.reject(new Error('disk'))
  await t.throwsAsync(first, { message: 'disk' })
  await new Promise((resolve) => setImmediate(resolve))
  t.is(flushes.length, 2)
  const third = flusher.flush()
  flushes[1]?.resolve()
  await Promise.all(later)
  await new Promise((resolve) => setImmediate(resolve))
  t.is(flushes.length, 3)
  flushes[2]?.resolve()
  await third
  const last = flusher.flush()
  flushes[3]?.resolve()
  await last
  t.is(flushes.length, 4)
})
