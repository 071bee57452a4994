/** What the rounds share: starting on a folder, timing, and checking that every call did its work. */
import CRUDJT from 'crudjt'

/** The same for every process of the bench, so that one can open what another wrote. */
export const SECRET_KEY = 'Q1JVREpUIGJlbmNoIGtleTogbm90IGEgc2VjcmV0ISE='

/** @param {string} folder of the store */
export const start = (folder) =>
  CRUDJT.Config.startMaster({ secret_key: SECRET_KEY, store_jt_path: folder, grpc_port: 0 })

/** @returns {Promise<number>} microseconds a call, by the wall clock */
export async function timed(count, work) {
  const begin = performance.now()
  await work()
  return ((performance.now() - begin) * 1000) / count
}

export function expectAll(call, right, count) {
  if (right !== count) throw new Error(`${call}: ${right} of ${count} were right`)
}
