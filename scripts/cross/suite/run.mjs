// Runs the test files of a folder made by prepare.mjs, each in a process of its own.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, output } from '../report.mjs'

/** The files that hold the behaviour suite, one for each way to reach a store. */
export function behaviourFiles(folder) {
  const names = readdirSync(join(folder, '__test__'))
  return names.filter((name) => /^behaviour-.*\.test\.js$/.test(name))
}

/** Runs test files with `program`, a Node or a wrapper of one. */
export async function runFiles(about, folder, files, { program, args = [], env = {} }) {
  for (const file of files) {
    await attempt(`${about}: ${file}`, async () => {
      const options = { cwd: folder, env: { ...process.env, ...env } }
      const text = await output(program, [...args, join('__test__', file)], options)
      if (!/^[1-9]\d* passed, 0 failed$/m.test(text)) throw new Error('no test ran')
    })
  }
}
