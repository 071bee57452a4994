/** The test of the kill test's judge: lines that were doctored are found out. */
import test, { type ExecutionContext } from 'ava'
import { Log } from './log.js'

const NOW = 1_000_000
const LIVING = '7.0'
const DEAD = '8.0'
const create = (token: string, state: string) => [
  `will ${DEAD} create ${state}`,
  `did ${DEAD} ${token}`,
]
const look = (token: string, answer: string) => [`will look read ${token}`, `did look ${answer}`]

/** Tells the lines; `killed` ends what is in flight in lane 8.0, `looked` a look at all tokens. */
function told(lines: string[]): Log {
  const log = new Log()
  log.begin(NOW)
  for (const line of lines) {
    if (line === 'killed') log.endOf((lane) => lane === DEAD || lane === 'look')
    else if (line === 'looked') log.endLook()
    else log.tell(line, NOW)
  }
  return log
}

function finds(t: ExecutionContext, lines: string[], expected: string[]) {
  const kinds = told(lines).findings.map(({ kind }) => kind)
  t.deepEqual(kinds, expected, lines.join('; '))
}

test('answers that match what was acknowledged are no findings', (t) => {
  finds(t, ['opening', 'open 3', 'enter sweeping', 'working'], [])
  finds(t, [...create('T', 'a.3 -'), ...look('T', 'a.3 -'), ...look('T', 'a.3 -')], [])
  finds(t, [...create('T', 'a.3 2'), ...look('T', 'a.3 1'), ...look('T', 'a.3 0')], [])
  finds(t, [...create('T', 'a.3 1'), ...look('T', 'a.3 0'), ...look('T', 'gone')], [])
  const changed = [`will ${DEAD} update T b.3 =`, `did ${DEAD} true`, ...look('T', 'b.3 1')]
  finds(t, [...create('T', 'a.3 2'), ...changed], [])
  const deleted = [`will ${DEAD} delete T`, `did ${DEAD} true`, ...look('T', 'gone')]
  finds(t, [...create('T', 'a.3 2'), ...deleted], [])
})

test('a lost token is found', (t) => {
  finds(t, [...create('T', 'a.3 -'), ...look('T', 'gone')], ['lost'])
  finds(t, [...create('T', 'a.3 -'), `will ${DEAD} delete T`, `did ${DEAD} false`], ['lost'])
  const counting = [...create('T', 'a.3 3'), `will ${DEAD} read T`, 'killed']
  finds(t, [...counting, ...look('T', 'gone')], ['lost'])
  const brief = [`will ${DEAD} brief ${NOW + 1}`, `did ${DEAD} T ${NOW + 5}`]
  finds(t, [...brief, ...look('T', 'gone')], ['lost'])
})

test('a revived token is found', (t) => {
  const deleted = [...create('T', 'a.3 2'), `will ${DEAD} delete T`, `did ${DEAD} true`]
  finds(t, [...deleted, ...look('T', 'a.3 1')], ['revived'])
  finds(t, [...deleted, `will ${DEAD} update T b.3 -`, `did ${DEAD} true`], ['revived'])
  finds(t, [...create('T', 'a.3 1'), ...look('T', 'a.3 0'), ...look('T', 'a.3 0')], ['revived'])
  const brief = [`will ${DEAD} brief ${NOW - 5}`, `did ${DEAD} T ${NOW - 1}`]
  finds(t, [...brief, ...look('T', 'brief -')], ['revived'])
})

test('a changed token is found', (t) => {
  finds(t, [...create('T', 'a.3 -'), ...look('T', 'b.3 -')], ['changed'])
  finds(t, [...create('T', 'a.3 -'), ...look('T', 'damaged -')], ['changed'])
  finds(t, [...create('T', 'a.3 3'), ...look('T', 'a.3 -')], ['changed'])
  finds(t, [...create('T', 'a.3 3'), ...look('T', 'a.3 1')], ['changed'])
  finds(t, [...create('T', 'a.3 -'), ...create('T', 'b.3 -')], ['changed'])
  const updated = [...create('T', 'a.3 -'), `will ${DEAD} update T b.3 -`, `did ${DEAD} true`]
  finds(t, [...updated, ...look('T', 'a.3 -')], ['changed'])
})

test('an operation in flight at a kill was carried out or not, and stays so', (t) => {
  const updating = [...create('T', 'a.3 9'), `will ${DEAD} update T b.3 =`, 'killed']
  finds(t, [...updating, ...look('T', 'a.3 8'), ...look('T', 'a.3 7')], [])
  finds(t, [...updating, ...look('T', 'b.3 8'), ...look('T', 'b.3 7')], [])
  finds(t, [...updating, ...look('T', 'a.3 8'), ...look('T', 'b.3 7')], ['changed'])
  finds(t, [...updating, ...look('T', 'b.3 8'), ...look('T', 'a.3 7')], ['changed'])
  finds(t, [...updating, ...look('T', 'gone')], ['lost'])
  const deleting = [...create('T', 'a.3 -'), `will ${DEAD} delete T`, 'killed']
  finds(t, [...deleting, ...look('T', 'gone'), ...look('T', 'a.3 -')], ['revived'])
  finds(t, [...deleting, ...look('T', 'a.3 -'), ...look('T', 'gone')], ['lost'])
})

test('a check that was killed may have counted its last read', (t) => {
  const looking = [...create('T', 'a.3 9'), 'will look read T', 'killed']
  finds(t, [...looking, ...look('T', 'a.3 8')], [])
  finds(t, [...looking, ...look('T', 'a.3 7')], [])
  finds(t, [...looking, ...look('T', 'a.3 6')], ['changed'])
})

test('an operation of a living client is carried out once, before a check or after it', (t) => {
  const updating = [...create('T', 'a.3 -'), `will ${LIVING} update T b.3 -`, 'killed']
  const later = [`did ${LIVING} true`, ...look('T', 'b.3 -')]
  const unknown = `failed ${LIVING} ERR_CRUDJT_OUTCOME_UNKNOWN`
  finds(t, [...updating, ...look('T', 'a.3 -'), 'looked', ...later], [])
  finds(t, [...updating, ...look('T', 'b.3 -'), 'looked', unknown, ...look('T', 'b.3 -')], [])
  finds(t, [...updating, ...look('T', 'b.3 -'), 'looked', ...later], ['changed'])
  const undone = [...updating, ...look('T', 'a.3 -'), 'looked', unknown]
  finds(t, [...undone, ...look('T', 'b.3 -')], ['changed'])
  const refused = [...updating, `failed ${LIVING} ERR_CRUDJT_NOT_STARTED`]
  finds(t, [...refused, ...look('T', 'b.3 -')], ['changed'])
  finds(t, [...updating, `failed ${LIVING} ERR_CRUDJT_INTERNAL`], ['changed'])
})

test('a check that was killed beside an operation of a living client may have come before or after it', (t) => {
  const updating = [...create('T', 'a.3 9'), `will ${LIVING} update T b.3 4`]
  const both = [...updating, 'will look read T', 'killed']
  for (const seen of ['a.3 8', 'a.3 7', 'b.3 3', 'b.3 2'])
    finds(t, [...both, ...look('T', seen)], [])
  for (const seen of ['a.3 6', 'b.3 1']) finds(t, [...both, ...look('T', seen)], ['changed'])
  finds(t, [...both, ...look('T', 'gone')], ['lost'])
  const unknown = ['looked', `failed ${LIVING} ERR_CRUDJT_OUTCOME_UNKNOWN`]
  finds(t, [...both, ...look('T', 'b.3 2'), ...unknown, ...look('T', 'b.3 1')], [])
  finds(t, [...both, ...look('T', 'b.3 2'), ...unknown, ...look('T', 'b.3 2')], ['changed'])
  finds(t, [...both, ...look('T', 'a.3 7'), ...unknown, ...look('T', 'b.3 3')], ['changed'])
})

test('each read of a shared token is counted once, one in flight at most once', (t) => {
  const read = (lane: string, left: number) => [`will ${lane} read S`, `did ${lane} shared ${left}`]
  const lines = [
    'shared S 9',
    ...read(LIVING, 8),
    ...read(DEAD, 7),
    `will ${DEAD} read S`,
    'killed',
  ]
  finds(t, [...lines, ...look('S', 'shared 6'), ...look('S', 'shared 5')], [])
  finds(t, [...lines, ...look('S', 'shared 5'), ...look('S', 'shared 4')], [])
  finds(t, [...lines, ...look('S', 'shared 7')], ['revived'])
  finds(t, [...lines, ...look('S', 'shared 4')], ['changed'])
  finds(t, [...lines, ...look('S', 'gone 0')], ['lost'])
  finds(t, [...lines, ...read(LIVING, 7)], ['changed'])
  finds(t, [...lines, ...look('S', 'shared 5'), ...look('S', 'shared 3')], ['changed'])
})

test('tokens of dead processes are given to others', (t) => {
  const log = told([...create('T', 'a.3 -'), ...create('U', 'a.3 -')])
  t.deepEqual(
    log.orphans(() => true, 9),
    [],
  )
  t.deepEqual(
    log.orphans(() => false, 1),
    ['T'],
  )
  log.adopt(['T'], LIVING)
  t.deepEqual(
    log.orphans((lane) => lane.startsWith(LIVING), 9),
    ['U'],
  )
})
