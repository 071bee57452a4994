// Odd homes: server bundles, a folder that can't be written or was moved after installing, the
// second stage of a container's build, and Node's permission model.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyFolder, npmInstall } from '../install.mjs'
import { nodeOf } from '../nodes.mjs'
import { tools } from '../registry.mjs'
import { attempt, output } from '../report.mjs'

const ANSWER = '{"data":{"user":42}}'
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

/** Tries them out. */
export async function homes(registry, isBrief = false) {
  const folder = emptyFolder('homes')
  await npmInstall(registry, folder)
  writeFileSync(join(folder, 'program.mjs'), PROGRAM)
  writeFileSync(
    join(folder, 'program.cjs'),
    PROGRAM.replace(/^import (.*) from (.*)$/m, 'const $1 = require($2)'),
  )
  await bundles(folder)
  await permissions(folder, isBrief)
  await otherPlaces(folder)
}

async function bundles(folder) {
  await built(folder, 'esbuild, told that it is external', [
    ...[tool('esbuild/bin/esbuild'), 'program.mjs', '--bundle', '--platform=node'],
    ...['--format=esm', '--external:crudjt', '--outfile=out/esbuild.mjs'],
  ])
  await built(folder, 'webpack, told that it is external', ['-e', webpackBuild(folder)])
  await built(folder, 'vite, by itself', [
    ...[tool('vite/bin/vite.js'), 'build', '--ssr', 'program.mjs', '--outDir', 'out/vite'],
  ])
  for (const name of ['esbuild.mjs', 'webpack.cjs', 'vite/program.mjs']) {
    await attempt(`the bundle ${name} runs`, () =>
      works(process.execPath, [join('out', name)], folder),
    )
  }
}

async function built(folder, about, args) {
  await attempt(`${about}: builds`, () => output(process.execPath, args, { cwd: folder }))
}

function tool(path) {
  return join(tools, 'node_modules', path)
}

/** webpack's command is a package of its own, so this calls the library. */
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
    await attempt(`Node ${major} ${flag}`, () => works(nodeOf('linux-x64', major), args, folder))
  }
}

async function otherPlaces(folder) {
  const moved = join(folder, '../moved after install')
  renameSync(folder, moved)
  await attempt('a folder that was moved', () => works(process.execPath, ['program.mjs'], moved))
  await attempt('a second stage of a container', () => secondStage(moved))
  await attempt('a folder that can not be written', () => readOnly(moved))
}

/** Only what `COPY --from` would take along, and no variable of this process. */
async function secondStage(from) {
  const folder = emptyFolder('stage')
  for (const name of ['node_modules', 'program.mjs']) {
    cpSync(join(from, name), join(folder, name), { recursive: true, verbatimSymlinks: true })
  }
  await works(process.execPath, ['program.mjs'], folder, {})
}

/** Root may write everywhere but on a file system that is mounted so. */
async function readOnly(folder) {
  const mount = `mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$1" && shift && exec "$@"`
  const store = storeBeside(folder)
  const program = ['sh', '-c', mount, 'sh', folder, process.execPath, 'program.mjs', store]
  const text = await output('unshare', ['--mount', ...program])
  rmSync(store, { recursive: true })
  check(text)
}

async function works(program, args, cwd, env = process.env) {
  const store = storeBeside(cwd)
  const text = await output(program, [...args, store], { cwd, env })
  rmSync(store, { recursive: true })
  check(text)
}

/** What it says last: with permissions Node first warns of its own flags. */
function check(text) {
  if (text.trim().split('\n').at(-1) !== ANSWER) throw new Error(`it said ${text}`)
}

function storeBeside(folder) {
  const stores = join(folder, '../stores')
  mkdirSync(stores, { recursive: true })
  return execFileSync('mktemp', ['-d', join(stores, 'XXXXXX')])
    .toString()
    .trim()
}
