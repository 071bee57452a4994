/** The quick form of the benchmark: every round runs, so that a broken one is detected. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

test('every round of the benchmark works', async (t) => {
  const bench = resolve('bench/run.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [bench, '--quick'])
  t.regex(stdout, /every round of the bench works/)
})
