// Linux on x64, as a user meets the package: installed by npm and pnpm where there is no compiler,
// used from ESM, CommonJS and TypeScript, and the behaviour suite under every Node that is supported.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { emptyFolder, installFor, npmInstall } from '../install.mjs'
import { nodeOf } from '../nodes.mjs'
import { tools } from '../registry.mjs'
import { attempt, output } from '../report.mjs'
import { behaviourFiles, runFiles } from '../suite/run.mjs'

/** What installing may take of a processor, so that the load of this machine does not count. */
const SECONDS = 10
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
const ANSWER = '{"metadata":{"ttl":60},"data":{"user":42}}\n'

/** Tries it out. */
export async function linux(registry, isBrief = false) {
  const env = withoutCompilers()
  await attempt('there is no compiler on the path', () => hasNone(env))
  const byNpm = emptyFolder('by-npm')
  await attempt('npm installs it', () => quickly(() => npmInstall(registry, byNpm, [], env)))
  await usePrograms('npm', byNpm, env)
  const byPnpm = emptyFolder('by-pnpm')
  await attempt('pnpm installs it', () => quickly(() => pnpmInstall(registry, byPnpm, env)))
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

/** A folder with Node, npm and a shell, and nothing else, is all that is on the path. */
function withoutCompilers() {
  const folder = join(emptyFolder('path'), 'bin')
  mkdirSync(folder)
  symlinkSync(process.execPath, join(folder, 'node'))
  for (const name of ['npm', 'sh', 'env']) {
    symlinkSync(execFileSync('which', [name]).toString().trim(), join(folder, name))
  }
  return { ...process.env, PATH: folder }
}

function hasNone({ PATH }) {
  for (const name of COMPILERS) {
    const found = PATH.split(delimiter).find((folder) => isThere(join(folder, name)))
    if (found !== undefined) throw new Error(`${name} is in ${found}`)
  }
}

function isThere(path) {
  try {
    return execFileSync('test', ['-e', path]) !== undefined
  } catch {
    return false
  }
}

/** What is not ours comes from a registry elsewhere, which may not answer: that is tried once more. */
async function quickly(install) {
  let before = seconds()
  await install().catch((error) => {
    console.log(`          once more, since ${error.message}`)
    before = seconds()
    return install()
  })
  const took = seconds() - before
  if (took > SECONDS) throw new Error(`it took ${took.toFixed(1)} s of a processor`)
}

/** The processor's time that the programs took which this one has run. */
function seconds() {
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
      if (text !== ANSWER) throw new Error(`it said ${text}`)
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
