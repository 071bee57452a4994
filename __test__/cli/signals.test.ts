/** The signals that stop a server. */
import { once } from 'node:events'
import test from 'ava'
import { next, startProcess } from '../helpers/children.js'

/** Sends the first signal, waits for its report, sends the others; returns the ending signal. */
async function endOf(times: readonly number[], signals: readonly NodeJS.Signals[]) {
  const child = await startProcess('signals.mjs', ...times.map(String))
  const [first, ...others] = signals
  const heard = next(child)
  child.kill(first)
  const said = await heard
  const exit = once(child, 'exit')
  for (const signal of others) child.kill(signal)
  return [said, (await exit)[1]]
}

test('a second signal ends the process at once', async (t) => {
  t.deepEqual(await endOf([0, 1], ['SIGTERM', 'SIGTERM']), ['SIGTERM', 'SIGTERM'])
  t.deepEqual(await endOf([0, 1], ['SIGINT', 'SIGTERM']), ['SIGINT', 'SIGTERM'])
  t.deepEqual(await endOf([0, 1000], ['SIGINT', 'SIGINT']), ['SIGINT', 'SIGINT'])
})

test('the copy of a Ctrl-C that npx forwards is not a second signal', async (t) => {
  t.deepEqual(await endOf([0, 1, 2], ['SIGINT', 'SIGINT', 'SIGTERM']), ['SIGINT', 'SIGTERM'])
})
