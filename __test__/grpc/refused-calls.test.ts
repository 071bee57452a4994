/** What a master reports of calls without the right access key. */
import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { RefusedCalls } from '../../build/src/grpc/server/refused-calls.js'

test('the first refused call is reported at once, those of the next minute together', async (t) => {
  let now = 0
  const events: { code: string; message: string }[] = []
  const refused = new RefusedCalls(
    (event) => events.push(event),
    () => now,
  )
  refused.add('10.0.0.1:1')
  for (now = 1; now < 60_000; now += 1000) refused.add('10.0.0.2:2')
  await setImmediate()
  t.deepEqual(events, [
    {
      code: 'CRUDJT_ACCESS_REFUSED',
      message: 'Refused 1 call without the right access key, the last one from 10.0.0.1:1',
    },
  ])
  now = 60_000
  refused.add('10.0.0.3:3')
  await setImmediate()
  t.is(events.length, 2)
  t.regex(events[1]?.message ?? '', /^Refused 61 calls .* from 10\.0\.0\.3:3$/)
})
