/** The cluster: every worker knows every session, and the example detects it if one does not. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

type Visit = { step: string; worker: number; status: number }
type Results = { passed(visits: Visit[], workers: number): boolean }

const MAIN = resolve('examples/cluster/main.mjs')

test('a login at one worker is known to all of them, and a logout as well', async (t) => {
  const args = [MAIN, '--workers', '3']
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 })
  const [head, ...rows] = stdout.trimEnd().split('\n')
  t.regex(head as string, /^worker +logged in here +knew the user/)
  const cells = rows.map((row) => row.split(/ +/))
  t.deepEqual(
    cells.map(([worker, , known, , rejected]) => [worker, known, rejected]),
    [1, 2, 3].map((worker) => [String(worker), 'yes', 'yes']),
  )
  for (const column of [1, 3]) t.is(cells.filter((row) => row[column] === 'yes').length, 1)
})

const visits: readonly Visit[] = [
  { step: 'login', worker: 1, status: 200 },
  { step: 'page', worker: 1, status: 200 },
  { step: 'page', worker: 2, status: 200 },
  { step: 'logout', worker: 2, status: 204 },
  { step: 'page after', worker: 1, status: 401 },
  { step: 'page after', worker: 2, status: 401 },
]

test('a worker that was not asked or replied anything else is detected', async (t) => {
  const results: Results = await import(resolve('examples/cluster/results.mjs'))
  t.true(results.passed([...visits], 2))
  for (const [i, visit] of visits.entries()) {
    t.false(results.passed(visits.toSpliced(i, 1), 2))
    t.false(results.passed(visits.with(i, { ...visit, status: 503 }), 2))
  }
})
