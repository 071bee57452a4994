// Other environments: bundled servers, a read-only folder, a folder moved after the installation, the second
// stage of a container build, and Node's permission model.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyFolder, npmInstall } from '../install.mjs'
import { nodeOf } from '../nodes.mjs'
import { tools } from '../registry.mjs'
import { attempt, output } from '../report.mjs'

const EXPECTED = '{"data":{"user":42}}'
const PROGRAM = `
import { Store } from 'crudjt'
const secret_key = 'nSjWk2Q6w50NWkXr0EGvzqU6lAKdar7R2hBrjdfZ+DI='
async function main() {
  const store = await Store.open({ path: process.argv[2], secret_key })
  console.log(JSON.stringify(await store.read(await store.create({ user: 42 }))))
  await store.close()
}
void main()
`

/** Runs the part. */
export async function environments(registry, isBrief = false) {
  const folder = emptyFolder('environments')
  await npmInstall(registry, folder)
  writeFileSync(join(folder, 'program.mjs'), PROGRAM)
  writeFileSync(
    join(folder, 'program.cjs'),
    PROGRAM.replace(/^import (.*) from (.*)$/m, 'const $1 = require($2)'),
  )
  await bundles(folder)
  await permissions(folder, isBrief)
  await otherFolders(folder)
}

async function bundles(folder) {
  await built(folder, 'esbuild, as an external', [
    ...[tool('esbuild/bin/esbuild'), 'program.mjs', '--bundle', '--platform=node'],
    ...['--format=esm', '--external:crudjt', '--outfile=out/esbuild.mjs'],
  ])
  await built(folder, 'webpack, as an external', ['-e', webpackBuild(folder)])
  await built(folder, 'vite, by default', [
    ...[tool('vite/bin/vite.js'), 'build', '--ssr', 'program.mjs', '--outDir', 'out/vite'],
  ])
  for (const name of ['esbuild.mjs', 'webpack.cjs', 'vite/program.mjs']) {
    await attempt(`the bundle ${name} runs`, () =>
      runProgram(process.execPath, [join('out', name)], folder),
    )
  }
}

async function built(folder, about, args) {
  await attempt(`${about}: builds`, () => output(process.execPath, args, { cwd: folder }))
}

function tool(path) {
  return join(tools, 'node_modules', path)
}

/** Calls the library: webpack's command is a separate package. */
function webpackBuild(folder) {
  const options = {
    ...{ mode: 'production', target: 'node', context: folder, entry: './program.cjs' },
    ...{ output: { path: join(folder, 'out'), filename: 'webpack.cjs' } },
    externals: { crudjt: 'commonjs crudjt' },
  }
  return `require('${tool('webpack')}')(${JSON.stringify(options)}, (error, stats) => {
    if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exit(1) }
  })`
}

async function permissions(folder, isBrief) {
  const read = [`--allow-fs-read=${folder}`, '--allow-addons']
  for (const major of isBrief ? [] : [20, 22, 24]) {
    const flag = major < 22 ? '--experimental-permission' : '--permission'
    const args = [flag, ...read, join(folder, 'program.cjs')]
    await attempt(`Node ${major} ${flag}`, () =>
      runProgram(nodeOf('linux-x64', major), args, folder),
    )
  }
}

async function otherFolders(folder) {
  const moved = join(folder, '../moved after install')
  renameSync(folder, moved)
  await attempt('a moved folder', () => runProgram(process.execPath, ['program.mjs'], moved))
  await attempt('the second stage of a container build', () => secondStage(moved))
  await attempt('a read-only folder', () => readOnly(moved))
}

/** Only what `COPY --from` copies, and an empty environment. */
async function secondStage(from) {
  const folder = emptyFolder('stage')
  for (const name of ['node_modules', 'program.mjs']) {
    cpSync(join(from, name), join(folder, name), { recursive: true, verbatimSymlinks: true })
  }
  await runProgram(process.execPath, ['program.mjs'], folder, {})
}

/** Root can write anywhere but on a read-only mount. */
async function readOnly(folder) {
  const mount = `mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$1" && shift && exec "$@"`
  const store = storeBeside(folder)
  const program = ['sh', '-c', mount, 'sh', folder, process.execPath, 'program.mjs', store]
  const text = await output('unshare', ['--mount', ...program])
  rmSync(store, { recursive: true })
  checkOutput(text)
}

async function runProgram(program, args, cwd, env = process.env) {
  const store = storeBeside(cwd)
  const text = await output(program, [...args, store], { cwd, env })
  rmSync(store, { recursive: true })
  checkOutput(text)
}

/** Checks the last line: with permissions, Node first warns about its own flags. */
function checkOutput(text) {
  if (text.trim().split('\n').at(-1) !== EXPECTED) throw new Error(`unexpected output: ${text}`)
}

function storeBeside(folder) {
  const stores = join(folder, '../stores')
  mkdirSync(stores, { recursive: true })
  return execFileSync('mktemp', ['-d', join(stores, 'XXXXXX')])
    .toString()
    .trim()
}
