/**
 * Counts the instructions of the engine's calls with callgrind, and holds them against bench/instructions.json:
 *   npm run bench:instructions [-- --renew]
 *
 * Times on a shared machine can't be a guard; instruction counts hardly move. Exit status 1 if one kind of
 * call takes 10 % more than it did. `--renew` writes the counts as they are now, to be committed with the
 * change that explains them. Says so and does nothing where there is no valgrind or the counts are of another
 * kind of processor.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { inFolder } from './fresh.mjs'

const KINDS = [
  'create',
  'read of the cache',
  'read of the memtable',
  'read of the tree',
  'update',
  'delete',
]
const CALLS = 2_000 // of each kind, as the example makes them
const MOST = 1.1 // times what it was
const ROOT = fileURLToPath(new URL('../', import.meta.url))
const BASELINE = new URL('instructions.json', import.meta.url)

const { values } = parseArgs({ options: { renew: { type: 'boolean', default: false } } })
const known = existsSync(BASELINE) ? JSON.parse(readFileSync(BASELINE, 'utf8')) : undefined
const skipped = reasonToSkip()
if (skipped) console.log(`Skipped: instructions are not counted, ${skipped}.`)
else await main()

function reasonToSkip() {
  if (process.platform !== 'linux') return 'which takes valgrind on Linux'
  if (!hasValgrind() && process.getuid() === 0) {
    console.log('installing valgrind')
    attempt('apt-get', ['install', '-y', 'valgrind'])
  }
  if (!hasValgrind()) return 'since valgrind is not there (Debian: apt-get install valgrind)'
  if (known && known.arch !== process.arch && !values.renew)
    return `since bench/instructions.json is of ${known.arch}`
  return undefined
}

function hasValgrind() {
  return attempt('valgrind', ['--version'])
}

/** @returns {boolean} whether it went well */
function attempt(command, args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function main() {
  const example = build()
  const counted = await Promise.all(KINDS.map(async (kind) => [kind, await count(example, kind)]))
  const calls = Object.fromEntries(counted)
  if (values.renew || known === undefined) return renew(calls)
  const grown = KINDS.filter((kind) => calls[kind] > known.calls[kind] * MOST)
  for (const kind of KINDS) console.log(lineOf(kind, calls[kind], known.calls[kind]))
  if (grown.length === 0) return
  console.log(`More than 10 % above bench/instructions.json: ${grown.join(', ')}.`)
  console.log('If that is meant: npm run bench:instructions -- --renew, and say why in the commit.')
  process.exitCode = 1
}

/** The shipped code with the names of its functions. @returns {string} the program */
function build() {
  const args = ['build', '--quiet', '--profile', 'bench', '-p', 'crudjt-core']
  const options = { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' }
  const more = ['--example', 'instructions', '--message-format', 'json']
  const messages = execFileSync('cargo', [...args, ...more], options)
    .trim()
    .split('\n')
  return messages.map((line) => JSON.parse(line).executable).find(Boolean)
}

/** @returns {Promise<number>} instructions a call */
function count(example, kind) {
  return inFolder(async (folder) => {
    const tool = ['--tool=callgrind', `--callgrind-out-file=${join(folder, 'out')}`]
    const only = '--toggle-collect=*counted_*'
    const said = await run('valgrind', [...tool, only, example, kind, join(folder, 'store')])
    return Math.round(Number(/Collected : (\d+)/.exec(said)[1]) / CALLS)
  })
}

/** @returns {Promise<string>} what it wrote to stderr */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text
    })
    child.on('error', reject)
    child.on('close', (status) => (status === 0 ? resolve(said) : reject(new Error(said))))
  })
}

function renew(calls) {
  const compiler = execFileSync('rustc', ['--version'], { encoding: 'utf8' }).trim()
  const text = JSON.stringify({ arch: process.arch, compiler, calls }, null, 2)
  writeFileSync(BASELINE, `${text}\n`)
  console.log(`Written bench/instructions.json:\n${text}`)
}

function lineOf(kind, now, before) {
  const change = ((now / before - 1) * 100).toFixed(1)
  return `${kind.padEnd(22)}${String(now).padStart(8)} instructions, ${before} before (${change} %)`
}
