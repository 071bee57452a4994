/** The cluster: a session made at one worker is known to all; and its drive would notice if not. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

type Visit = { step: string; worker: number; status: number }
type Verdict = { isWell(visits: Visit[], workers: number): boolean }

const MAIN = resolve('examples/cluster/main.mjs')

test('a login at one worker is known to all workers, and to none after the logout', async (t) => {
  const args = [MAIN, '--workers', '3']
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 })
  const [head, ...rows] = stdout.trimEnd().split('\n')
  t.regex(head as string, /^worker +logged in here +knew the user/)
  const cells = rows.map((row) => row.split(/ +/))
  t.deepEqual(
    cells.map(([worker, , known, , refused]) => [worker, known, refused]),
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

test('a worker that was not asked or answered wrongly is noticed', async (t) => {
  const verdict: Verdict = await import(resolve('examples/cluster/verdict.mjs'))
  t.true(verdict.isWell([...visits], 2))
  for (const [i, visit] of visits.entries()) {
    t.false(verdict.isWell(visits.toSpliced(i, 1), 2))
    t.false(verdict.isWell(visits.with(i, { ...visit, status: 503 }), 2))
  }
})
