// Builds the binding for every platform on one Linux machine: `npm run cross`, or with names of
// platforms behind `--` only those. The binaries lie in target/cross/binaries afterwards.

import { execFileSync } from 'node:child_process'
import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../tools.mjs'
import { binaryOf, libraryOf, targets } from './targets.mjs'
import { binaries, buildEnvironment, cargoFolder, needCompiler } from './toolchain.mjs'

const LARGEST = 1_500_000
// The standard library for the smallest size too, without traces of calls, which would tell nothing
// in a binary without names.
const OPTIONS = [
  '-Zbuild-std=std,panic_unwind',
  '-Zbuild-std-features=panic-unwind,optimize_for_size',
]
// No names of source files and types in panics. With frame pointers the tables for unwinding are
// smaller by more than the code is larger.
const FLAGS = '-Zlocation-detail=none -Zfmt-debug=none -Cforce-frame-pointers=yes'

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !targets.some(({ platform }) => platform === name))
if (unknown.length > 0) {
  const known = targets.map(({ platform }) => platform).join(', ')
  console.error(`There is no platform ${unknown.join(', ')}. There are: ${known}.`)
  process.exit(1)
}
needCompiler()
const failed = targets.filter(isWanted).filter((target) => !build(target))
for (const { platform } of failed) console.error(`${platform} failed, see above`)
process.exitCode = failed.length === 0 ? 0 : 1

function isWanted({ platform }) {
  return wanted.length === 0 || wanted.includes(platform)
}

/** Builds one target; false if that fails or the binary is too large. */
function build(target) {
  const { platform, triple, suffix = '', linker = 'zig', flags = '', env = {} } = target
  console.log(`== ${platform} (${triple}${suffix})`)
  const [program, first] =
    linker === 'zig' ? ['cargo-zigbuild', 'zigbuild'] : ['/usr/bin/cargo', 'build']
  const where = ['--target', `${triple}${suffix}`, '--target-dir', cargoFolder]
  const args = [first, ...OPTIONS, '--release', '--locked', ...where]
  const cwd = join(root, 'crates/crudjt-node')
  const environment = buildEnvironment({ ...env, RUSTFLAGS: `${FLAGS} ${flags}` })
  try {
    execFileSync(program, args, { cwd, env: environment, stdio: 'inherit' })
  } catch {
    return false
  }
  const binary = join(binaries, binaryOf(target))
  copyFileSync(join(cargoFolder, triple, 'release', libraryOf(target)), binary)
  const { size } = statSync(binary)
  console.log(`${platform}: ${size} bytes, at most ${LARGEST}`)
  return size <= LARGEST
}
