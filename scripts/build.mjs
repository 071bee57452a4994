// Builds the package: the native binding with its loader and types, then the TypeScript.
// `node scripts/build.mjs [native|ts]`; both without an argument. `dist` is published; `build` has every
// module as a file of its own, for tests of internals.

import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyTypes } from './public-types.mjs'
import { root, run, scriptOf } from './tools.mjs'

const MIN_NODE = [20, 17]
const MIN_RUST = [1, 95]

const NATIVE = [
  ...['build', '--platform', '--release', '--output-dir', '.'],
  ...['--manifest-path', 'crates/crudjt-node/Cargo.toml'],
  ...['--no-js', '--dts', 'native.d.cts'],
]

const [BUILD, DIST] = [join(root, 'build'), join(root, 'dist')]
const COMMAND = join(DIST, 'src/cli/main.js')

// The bundle of the command imports the bundle of the library, from any of its modules.
const libraryBeside = {
  name: 'library-beside',
  setup({ onResolve }) {
    onResolve({ filter: /\/library\.js$/ }, () => ({ path: '../library.js', external: true }))
  },
}

// `npx crudjt` in this folder runs `prepare` even if everything is built.
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

// The library is one file, and the command another that imports it. Names are kept for stack traces.
// Comments and white space are removed: editors read the comments in the type declarations. Lines are
// short, since Node prints the line at which a program ended.
async function bundle() {
  const { build } = await import('esbuild')
  const plain = {
    target: 'node20.17',
    logLevel: 'warning',
    minifyWhitespace: true,
    lineLimit: 20,
    outdir: DIST,
  }
  const bundled = {
    ...{ ...plain, bundle: true, packages: 'external', platform: 'node', format: 'cjs' },
    ...{ absWorkingDir: root, outbase: root },
  }
  await build({ ...bundled, entryPoints: ['src/library.ts'], external: ['#native', '#proto/*'] })
  const command = { entryPoints: ['src/cli/main.ts'], external: ['#proto/*'] }
  await build({ ...bundled, ...command, plugins: [libraryBeside] })
  for (const path of [join(DIST, 'src/library.js'), COMMAND]) restoreClassNames(path)
  const index = join(BUILD, 'index')
  await build({ ...plain, entryPoints: [`${index}.js`] })
  await build({ ...plain, entryPoints: [`${index}.mjs`], outExtension: { '.js': '.mjs' } })
}

// A class `Name` that refers to itself is called `_Name` by esbuild: programs see that when it is printed,
// and in stack traces.
function restoreClassNames(path) {
  const source = readFileSync(path, 'utf8')
  const names = [...source.matchAll(/\bclass _(\w+)/g)].map(([, name]) => name)
  const renamed = new RegExp(`\\b_(${names.join('|')})\\b`, 'g')
  if (names.length > 0) writeFileSync(path, source.replace(renamed, '$1'))
}

function isBuilt() {
  return existsSync(COMMAND) && readdirSync(root).some((name) => name.endsWith('.node'))
}

function checkNode() {
  const found = process.versions.node
  if (isOlder(found, MIN_NODE)) stop(`${required('Node', MIN_NODE)}, found ${found}`)
}

async function checkRust() {
  const requirement = required('Rust', MIN_RUST)
  const cargo = await run('cargo', ['--version'], { quiet: true }).catch(() => ({ status: -1 }))
  if (cargo.status !== 0) stop(`${requirement}, and cargo was not found: see https://rustup.rs`)
  const found = cargo.text.split(' ')[1] ?? '0'
  if (isOlder(found, MIN_RUST)) stop(`${requirement}, found ${found}: run rustup update`)
}

function required(what, version) {
  return `Building crudjt requires ${what} ${version.join('.')} or later`
}

function isOlder(found, minimum) {
  const [major = 0, minor = 0] = found.split('.').map((part) => Number.parseInt(part, 10))
  return major < minimum[0] || (major === minimum[0] && minor < minimum[1])
}

async function command(name, bin, args) {
  const { status } = await run(process.execPath, [scriptOf(name, bin), ...args])
  if (status !== 0) stop(`Building crudjt failed: see the errors of ${bin} above`)
}

function stop(line) {
  console.error(line)
  process.exit(1)
}
