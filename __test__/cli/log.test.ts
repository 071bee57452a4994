/** The server's log, apart from a server's life. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { runProcess } from '../helpers/children.js'

test('an uncaught error is logged with its class and stack frames, without its message', async (t) => {
  const { status, text } = await runProcess('crash.mjs', 'token abc\n at token abc')
  t.is(status, 1)
  const { level, error, code, at } = JSON.parse(text)
  t.deepEqual({ level, error, code }, { level: 'fatal', error: 'TypeError', code: 'ERR_ODD' })
  t.regex(at[0], /^at .*crash\.mjs/)
  t.false(text.includes('token abc'))
})

test('a log that nobody reads any more does not end its process', async (t) => {
  const script = join(__dirname, '../helpers/scripts/unread-log.mjs')
  const child = fork(script, { execArgv: [], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  await once(child, 'message')
  child.stdout?.destroy()
  child.send('log')
  t.deepEqual(await once(child, 'exit'), [7, null])
})
