// Linux on x64: installs the package with npm and pnpm without a compiler, uses it from ESM, CommonJS and
// TypeScript, and runs the behaviour suite under every supported Node.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { emptyFolder, installFor, npmInstall } from '../install.mjs'
import { nodeOf } from '../nodes.mjs'
import { tools } from '../registry.mjs'
import { attempt, output } from '../report.mjs'
import { behaviourFiles, runFiles } from '../suite/run.mjs'

/** The limit of an installation in seconds of CPU time, which does not depend on the machine's load. */
const MAX_SECONDS = 10
const COMPILERS = ['cargo', 'rustc', 'cc', 'gcc', 'g++', 'clang', 'make', 'python3', 'node-gyp']

const BODY = `
const secret_key = 'nSjWk2Q6w50NWkXr0EGvzqU6lAKdar7R2hBrjdfZ+DI='
async function main() {
  await CRUDJT.Config.startMaster({ secret_key, store_jt_path: './store', grpc_port: 0 })
  const token = await CRUDJT.create({ user: 42 }, { ttl: 60 })
  const session = await CRUDJT.read(token)
  await CRUDJT.Config.shutdownServer()
  console.log(JSON.stringify(session))
}
void main()
`
const PROGRAMS = {
  'program.mjs': `import CRUDJT from 'crudjt'\n${BODY}`,
  'program.cjs': `const CRUDJT = require('crudjt')\n${BODY}`,
  'program.ts': `import { CRUDJT, type Session } from 'crudjt'\nconst kind: Session | null = null\nvoid kind\n${BODY}`,
}
const EXPECTED = '{"metadata":{"ttl":60},"data":{"user":42}}\n'

/** Runs the part. */
export async function linux(registry, isBrief = false) {
  const env = withoutCompilers()
  await attempt('no compiler in PATH', () => checkNoCompiler(env))
  const byNpm = emptyFolder('by-npm')
  await attempt('npm installs the package', () =>
    withinLimit(() => npmInstall(registry, byNpm, [], env)),
  )
  await usePrograms('npm', byNpm, env)
  const byPnpm = emptyFolder('by-pnpm')
  await attempt('pnpm installs the package', () =>
    withinLimit(() => pnpmInstall(registry, byPnpm, env)),
  )
  await usePrograms('pnpm', byPnpm, env)
  if (!isBrief) await everyNode(registry)
}

async function everyNode(registry) {
  const folder = await installFor(registry, 'linux-x64-gnu', [])
  for (const major of [20, 22, 24]) {
    const program = nodeOf('linux-x64', major)
    await runFiles(`linux-x64, Node ${major}`, folder, behaviourFiles(folder), { program })
  }
}

/** An environment whose PATH has nothing but Node, npm and a shell. */
function withoutCompilers() {
  const folder = join(emptyFolder('path'), 'bin')
  mkdirSync(folder)
  symlinkSync(process.execPath, join(folder, 'node'))
  for (const name of ['npm', 'sh', 'env']) {
    symlinkSync(execFileSync('which', [name]).toString().trim(), join(folder, name))
  }
  return { ...process.env, PATH: folder }
}

function checkNoCompiler({ PATH }) {
  for (const name of COMPILERS) {
    const found = PATH.split(delimiter).find((folder) => exists(join(folder, name)))
    if (found !== undefined) throw new Error(`${name} is in ${found}`)
  }
}

function exists(path) {
  try {
    return execFileSync('test', ['-e', path]) !== undefined
  } catch {
    return false
  }
}

/** Retries once: the dependencies come from a remote registry, which may fail. */
async function withinLimit(install) {
  let before = childSeconds()
  await install().catch((error) => {
    console.log(`          retrying: ${error.message}`)
    before = childSeconds()
    return install()
  })
  const took = childSeconds() - before
  if (took > MAX_SECONDS) throw new Error(`took ${took.toFixed(1)} s of CPU time`)
}

/** The CPU time of the child processes that have exited. */
function childSeconds() {
  const [, , , , ...fields] = readFileSync('/proc/self/stat', 'utf8').split(' ')
  const [cutime, cstime] = fields.slice(11)
  return (Number(cutime) + Number(cstime)) / 100
}

async function pnpmInstall({ url }, folder, env) {
  const pnpm = join(tools, 'node_modules/pnpm/bin/pnpm.cjs')
  const store = ['--store-dir', join(dirname(folder), 'pnpm-store')]
  const args = [pnpm, 'add', 'crudjt', '--registry', url, ...store]
  await output(process.execPath, args, { cwd: folder, env: { ...env, CI: 'true' } })
}

async function usePrograms(by, folder, env) {
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(folder, name), text)
  await attempt(`${by}: TypeScript compiles the program`, () => compile(folder))
  for (const name of ['program.mjs', 'program.cjs', 'out/program.js']) {
    await attempt(`${by}: ${name} runs`, async () => {
      const text = await output(process.execPath, [name], { cwd: folder, env })
      if (text !== EXPECTED) throw new Error(`unexpected output: ${text}`)
    })
  }
}

async function compile(folder) {
  const compiler = join(tools, 'node_modules/typescript/bin/tsc')
  const types = join(tools, '../../../node_modules/@types')
  const options = ['--strict', '--module', 'node20', '--outDir', 'out', '--types', 'node']
  const args = [compiler, 'program.ts', ...options, '--typeRoots', types]
  await output(process.execPath, args, { cwd: folder })
}
