// Builds the binding for every platform on one Linux machine: `npm run cross`, or `-- PLATFORM…` for some.
// The binaries are written to target/cross/binaries.

import { execFileSync } from 'node:child_process'
import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../tools.mjs'
import { binaryOf, libraryOf, targets } from './targets.mjs'
import { binaries, buildEnvironment, cargoFolder, installCompiler } from './toolchain.mjs'

const MAX_BYTES = 1_750_000
// Optimizes the standard library for size as well, and leaves out backtraces, which are useless in a
// stripped binary.
const OPTIONS = [
  '-Zbuild-std=std,panic_unwind',
  '-Zbuild-std-features=panic-unwind,optimize_for_size',
]
// No source locations and Debug output in panics. Frame pointers shrink the unwind tables by more than
// they add to the code.
const FLAGS = '-Zlocation-detail=none -Zfmt-debug=none -Cforce-frame-pointers=yes'

const requested = process.argv.slice(2)
const unknown = requested.filter((name) => !targets.some(({ platform }) => platform === name))
if (unknown.length > 0) {
  const known = targets.map(({ platform }) => platform).join(', ')
  console.error(`Unknown platform ${unknown.join(', ')}: expected ${known}`)
  process.exit(1)
}
installCompiler()
const failed = targets.filter(isRequested).filter((target) => !build(target))
for (const { platform } of failed) console.error(`${platform} failed, see above`)
process.exitCode = failed.length === 0 ? 0 : 1

function isRequested({ platform }) {
  return requested.length === 0 || requested.includes(platform)
}

/** Builds one target. Returns false if it fails or the binary is too large. */
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
  console.log(`${platform}: ${size} bytes, at most ${MAX_BYTES}`)
  return size <= MAX_BYTES
}
