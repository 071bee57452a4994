/** The server's log of an uncaught error. */
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
