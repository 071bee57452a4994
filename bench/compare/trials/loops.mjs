/**
 * Every call on all tokens, one after the other. Twice: a program awaits what is asynchronous and does not
 * await what is not, and either would be felt. Loops by themselves rather than one with functions given to
 * it, since a call that can't be built in costs as much as what is measured.
 */
import { isRecord, recordOf } from '../../record.mjs'
import { expectAll } from './trial.mjs'

/** @returns the loops for that peer */
export const loopsFor = (store) => (store.isSync ? SYNC : AWAITED)

const AWAITED = {
  async create({ create }, tokens, count, ...limits) {
    for (let i = 0; i < count; i++) tokens[i] = await create(recordOf(i, 'member'), ...limits)
  },
  async read({ read, dataOf }, tokens, count, role) {
    let right = 0
    for (let i = 0; i < count; i++) {
      if (isRecord(dataOf(await read(tokens[i])), i, role)) right += 1
    }
    expectAll('read', right, count)
  },
  async update({ update }, tokens, count) {
    let done = 0
    for (let i = 0; i < count; i++) if (await update(tokens[i], recordOf(i, 'editor'))) done += 1
    expectAll('update', done, count)
  },
  async delete({ delete: remove }, tokens, count) {
    let done = 0
    for (let i = 0; i < count; i++) if (await remove(tokens[i])) done += 1
    expectAll('delete', done, count)
  },
}

const SYNC = {
  create({ create }, tokens, count, ...limits) {
    for (let i = 0; i < count; i++) tokens[i] = create(recordOf(i, 'member'), ...limits)
  },
  read({ read, dataOf }, tokens, count, role) {
    let right = 0
    for (let i = 0; i < count; i++) if (isRecord(dataOf(read(tokens[i])), i, role)) right += 1
    expectAll('read', right, count)
  },
  update({ update }, tokens, count) {
    let done = 0
    for (let i = 0; i < count; i++) if (update(tokens[i], recordOf(i, 'editor'))) done += 1
    expectAll('update', done, count)
  },
  delete({ delete: remove }, tokens, count) {
    let done = 0
    for (let i = 0; i < count; i++) if (remove(tokens[i])) done += 1
    expectAll('delete', done, count)
  },
}
