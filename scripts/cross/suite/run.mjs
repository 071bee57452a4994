// Runs the test files of a folder made by prepare.mjs, each in a process of its own.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, output } from '../report.mjs'

/** The files that run the behaviour suite against every way to reach a store. */
export function behaviourFiles(folder) {
  const names = readdirSync(join(folder, '__test__/behaviour'))
  return names.filter((name) => name.endsWith('.test.js')).map((name) => `behaviour/${name}`)
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
