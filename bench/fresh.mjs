/** Processes and folders of the benches: each trial runs in a fresh one of both. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MOST_OUTPUT = 16 * 2 ** 20

/**
 * Runs a script in a process of its own, which prints its result as JSON.
 * @param {string} file
 * @param {unknown[]} args
 */
export function runScript(file, args) {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: MOST_OUTPUT }
    execFile(process.execPath, [file, ...args.map(String)], options, (error, stdout, stderr) => {
      const expected = !error || error.signal === 'SIGKILL'
      if (expected && stdout) resolve(JSON.parse(stdout))
      else reject(new Error(`${file} failed:\n${stderr}`, { cause: error }))
    })
  })
}

/** Calls `work` with a folder that is removed afterwards. */
export async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'crudjt-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
