// Builds the package: the native binding with its loader and types, then the TypeScript.
// `node scripts/build.mjs [native|ts]`; without an argument both. Says in one line what is missing.
// In dist is what is published, in build each module by itself, for tests of the parts inside.

import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { copyTypes } from './public-types.mjs'
import { root, run, scriptOf } from './tools.mjs'

const NODE_WANTED = [20, 17]
const RUST_WANTED = [1, 95]

const NATIVE = [
  ...['build', '--platform', '--release', '--output-dir', '.'],
  ...['--manifest-path', 'crates/crudjt-node/Cargo.toml'],
  ...['--no-js', '--dts', 'native.d.cts'],
]

const [BUILD, DIST] = [join(root, 'build'), join(root, 'dist')]
const COMMAND = join(DIST, 'src/cli/main.js')

// `npx crudjt` in this folder makes npm prepare the package, built as it may be.
if (process.env.npm_command === 'exec' && isBuilt()) process.exit(0)

const part = process.argv[2] ?? 'all'
checkNode()
if (part !== 'ts') {
  await checkRust()
  await command('@napi-rs/cli', 'napi', NATIVE)
}
if (part !== 'native') {
  for (const folder of [BUILD, DIST]) rmSync(folder, { recursive: true, force: true })
  await command('typescript', 'tsc', ['--project', 'tsconfig.json'])
  await bundle()
  copyTypes(BUILD, DIST)
  chmodSync(COMMAND, 0o755)
}

// The library is one file, the command another that asks it; names stay, for traces. Comments are for
// the types, where editors show them: the code comes without, and without white space.
async function bundle() {
  const { build } = await import('esbuild')
  const plain = {
    target: 'node20.17',
    logLevel: 'warning',
    minifyWhitespace: true,
    lineLimit: 100,
    outdir: DIST,
  }
  const bundled = {
    ...{ ...plain, bundle: true, packages: 'external', platform: 'node', format: 'cjs' },
    ...{ absWorkingDir: root, outbase: root },
  }
  await build({ ...bundled, entryPoints: ['src/library.ts'], external: ['#native', '#proto/*'] })
  await build({
    ...bundled,
    entryPoints: ['src/cli/main.ts'],
    external: ['../library.js', '#proto/*'],
  })
  const index = join(BUILD, 'index')
  await build({ ...plain, entryPoints: [`${index}.js`] })
  await build({ ...plain, entryPoints: [`${index}.mjs`], outExtension: { '.js': '.mjs' } })
}

function isBuilt() {
  return existsSync(COMMAND) && readdirSync(root).some((name) => name.endsWith('.node'))
}

function checkNode() {
  const found = process.versions.node
  if (isOlder(found, NODE_WANTED)) stop(`${needed('Node', NODE_WANTED)}, this is ${found}`)
}

async function checkRust() {
  const wanted = needed('Rust', RUST_WANTED)
  const cargo = await run('cargo', ['--version'], { quiet: true }).catch(() => ({ status: -1 }))
  if (cargo.status !== 0) stop(`${wanted} and cargo was not found: see https://rustup.rs`)
  const found = cargo.text.split(' ')[1] ?? '0'
  if (isOlder(found, RUST_WANTED)) stop(`${wanted}, this is ${found}: run rustup update`)
}

function needed(what, version) {
  return `${what} ${version.join('.')} or later is needed to build crudjt`
}

function isOlder(found, wanted) {
  const [major = 0, minor = 0] = found.split('.').map((part) => Number.parseInt(part, 10))
  return major < wanted[0] || (major === wanted[0] && minor < wanted[1])
}

async function command(name, bin, args) {
  const { status } = await run(process.execPath, [scriptOf(name, bin), ...args])
  if (status !== 0) stop(`crudjt was not built: ${bin} failed, see above`)
}

function stop(line) {
  console.error(line)
  process.exit(1)
}
