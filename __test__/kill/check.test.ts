/** The test of the kill test: a log that was doctored is found out. */
import test, { type ExecutionContext } from 'ava'
import type { Session } from 'crudjt'
import { check } from './check.js'
import { Log } from './log.js'

const NOW = 1_000_000
const DATA = { name: 'a.0.3', pad: 'a.0' }
const free: Session = { data: DATA }
const counted = (silence_read: number): Session => ({ metadata: { silence_read }, data: DATA })

/** Tells the lines, then lets the store answer each read with the next session. */
function findings(lines: string[], ...sessions: (Session | null)[]) {
  const log = new Log()
  for (const line of lines) log.tell(line)
  return check(log, () => sessions.shift() ?? null, NOW)
}

function kinds(t: ExecutionContext, lines: string[], session: Session | null, expected: string[]) {
  const found = findings(lines, session).map(({ kind }) => kind)
  t.deepEqual(found, expected, `${lines.join('; ')}: ${JSON.stringify(session)}`)
}

test('a store that is as it was acknowledged has no findings', (t) => {
  kinds(t, ['opening', 'open', 'seen {}', 'is T a.0.3 -'], free, [])
  kinds(t, ['is T a.0.3 3'], counted(2), [])
  kinds(t, ['is T a.0.3 3', 'will T gone', 'is T gone'], null, [])
  kinds(t, ['will - a.0.3 -'], null, [])
})

test('a lost token is found', (t) => {
  kinds(t, ['is T a.0.3 -'], null, ['lost'])
  kinds(t, ['is T a.0.3 2', 'will T a.0.3 1'], null, ['lost'])
  kinds(t, ['will T gone', 'is T a.0.3 -'], null, ['lost'])
})

test('a revived token is found', (t) => {
  kinds(t, ['is T a.0.3 -', 'will T gone', 'is T gone'], free, ['revived'])
  kinds(t, ['is T a.0.3 1', 'will T gone', 'is T gone'], counted(0), ['revived'])
  kinds(t, [`is T until ${NOW - 1}`], { data: { brief: true } }, ['revived'])
})

test('a changed token is found', (t) => {
  kinds(t, ['is T a.0.3 -', 'will T b.0.3 -', 'is T b.0.3 -'], free, ['changed'])
  kinds(t, ['is T a.0.3 3', 'will T a.0.3 2', 'is T a.0.3 2'], counted(2), ['changed'])
  kinds(t, ['is T a.0.3 3'], free, ['changed'])
  kinds(t, ['is T a.0.3 -'], counted(2), ['changed'])
  kinds(t, ['is T a.0.3 -'], { data: { ...DATA, pad: 'a.1' } }, ['changed'])
})

test('an operation in flight may be carried out or not, and nothing else', (t) => {
  const lines = ['is T a.0.3 3', 'will T a.0.3 2']
  kinds(t, lines, counted(2), [])
  kinds(t, lines, counted(1), [])
  kinds(t, lines, counted(0), ['changed'])
  kinds(t, ['is T a.0.3 3', 'will T gone'], null, [])
  kinds(t, [`is T until ${NOW + 1}`], { data: { brief: true } }, [])
  kinds(t, [`is T until ${NOW + 1}`], null, [])
})

test('reads of a shared token are counted once each, those in flight at most', (t) => {
  const lines = ['shared S 9', 'count S', 'count S', 'counted S 7', 'counted S 8', 'count S']
  kinds(t, lines, counted(6), [])
  kinds(t, lines, counted(5), [])
  kinds(t, lines, counted(7), ['revived'])
  kinds(t, lines, counted(4), ['changed'])
  kinds(t, lines, null, ['lost'])
  kinds(t, [...lines, 'counted S 8'], counted(5), ['changed'])
})

test('a second look goes on from what the first one left', (t) => {
  const log = new Log()
  for (const line of ['is T a.0.3 3', 'will T a.0.3 2', 'shared S 9', 'count S']) log.tell(line)
  const first = [counted(1), counted(8)]
  t.deepEqual(
    check(log, () => first.shift() ?? null),
    [],
  )
  const second = [counted(0), counted(7)]
  t.deepEqual(
    check(log, () => second.shift() ?? null),
    [],
  )
  t.is(log.tokens.get('T')?.is, 'gone')
  t.is(log.counted.get('S')?.start, 7)
})

test('the operations in flight are those that were announced and not acknowledged', (t) => {
  const log = new Log()
  for (const line of ['will - a.0.3 -', 'is T a.0.3 -', 'shared S 9', 'will T gone', 'count S']) {
    log.tell(line)
  }
  t.is(log.inFlight, 2)
  t.is(log.acknowledged, 1)
})
