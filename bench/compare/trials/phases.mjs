/**
 * Times kinds of calls on all tokens, and what each uses until it is done: processor, device, memtable.
 * Changes that a peer only queues are timed twice: until the last returned, and until all of it is on the
 * medium. Each kind begins when the process is idle: what another kind left to be done in the background
 * (compiling, collecting garbage, writing back) is not in its time, but in that kind's processor time.
 */
import { idle } from './idle.mjs'
import { loopsFor } from './loops.mjs'
import { processorTime, timed, writtenBytes } from './trial.mjs'

/** @returns {(name: string, call: 'create' | 'read' | 'update' | 'delete', ...args) => Promise<void>} */
export function phasesOf(store, tokens, count, result) {
  const loops = loopsFor(store)
  return async (name, call, ...args) => {
    await idle(processorTime)
    const before = { processor: processorTime(), written: writtenBytes() }
    const pending = await store.pending?.()
    const begin = performance.now()
    result[name] = await timed(count, () => loops[call](store, tokens, count, ...args))
    await store.settle?.()
    if (call !== 'read' && store.flush !== undefined) {
      await store.flush()
      result[`${name}Flushed`] = ((performance.now() - begin) * 1000) / count
    }
    await idle(processorTime)
    result[`${name}Processor`] = (processorTime() - before.processor) / count
    result[`${name}Written`] = (writtenBytes() - before.written) / count
    if (store.pending === undefined) return
    const atHand = call === 'create' ? await store.pending() : pending
    result[`${name}Memtable`] = Math.min(1, atHand / count) * 100
  }
}
