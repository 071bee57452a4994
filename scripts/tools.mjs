// What the scripts share: where the project is, and how to run a command of an installed package.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's top folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Path of the script behind a package's command: run with this very Node it needs no shell. */
export function scriptOf(name, command = name) {
  const folder = join(root, 'node_modules', name)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin[command])
}

/** Runs a program in the top folder; resolves to its exit status and what it printed. */
export function run(program, args, { quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks = []
    const take = (stream) => (chunk) => {
      chunks.push(chunk)
      if (!quiet) stream.write(chunk)
    }
    child.stdout.on('data', take(process.stdout))
    child.stderr.on('data', take(process.stderr))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, text: Buffer.concat(chunks).toString() }))
  })
}
