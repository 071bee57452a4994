/** The server's log, where it is not part of a server's life. */
import test from 'ava'
import { runProcess } from '../helpers/children.js'

test('an uncaught error is logged with its kind and place, without its text', async (t) => {
  const { status, text } = await runProcess('crash.mjs', 'token abc\n at token abc')
  t.is(status, 1)
  const { level, error, code, at } = JSON.parse(text)
  t.deepEqual({ level, error, code }, { level: 'fatal', error: 'TypeError', code: 'ERR_ODD' })
  t.regex(at[0], /^at .*crash\.mjs/)
  t.false(text.includes('token abc'))
})
