// Runs the engine's multi-threaded tests under ThreadSanitizer, which finds data races. The standard
// library must be instrumented too, or every `Arc` is reported as a race: this requires the compiler of
// `npm run cross` (Debian 12, root) and the sanitizer runtime of rustup.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { buildEnvironment, installDebian } from './cross/toolchain.mjs'
import { root, run } from './tools.mjs'

const TARGET = 'x86_64-unknown-linux-gnu'
const TESTS = ['lifecycle', 'model', 'kill', 'clock', 'opening', 'backup']

const sysroot = execFileSync('rustup', ['run', 'stable', 'rustc', '--print', 'sysroot']).toString()
const runtime = join(sysroot.trim(), 'lib/rustlib', TARGET, 'lib/librustc-stable_rt.tsan.a')
if (!existsSync(runtime)) {
  console.error(`ThreadSanitizer's runtime is missing: ${runtime}`)
  process.exit(69)
}
installDebian(['rustc-web', 'cargo-web', 'rust-web-src'])
const folder = join(root, 'target/tsan')
mkdirSync(folder, { recursive: true })
// The runtime is written in C and needs libraries that rustc leaves out; ld.bfd does not find all of them.
writeFileSync(
  join(folder, 'cc'),
  `#!/bin/bash
all=()
for one in "$@"; do
  [[ $one == -Wl,--as-needed || $one == -nodefaultlibs ]] || all+=("$one")
done
exec /usr/bin/cc -fuse-ld=gold "\${all[@]}" -lc -lgcc -lc
`,
  { mode: 0o755 },
)
const libraries = '-lm,-ldl,-lrt,-lpthread,-lresolv'
const flags = [
  ...['-Zsanitizer=thread', '-Zexternal-clangrt', '-Clink-arg=-Wl,--export-dynamic'],
  `-Clink-args=-Wl,--whole-archive,${runtime},--no-whole-archive,${libraries}`,
]
Object.assign(process.env, buildEnvironment({ RUSTFLAGS: flags.join(' ') }))
process.env.PATH = `${folder}${delimiter}${process.env.PATH}`
const { status } = await run('/usr/bin/cargo', [
  ...['test', '-Zbuild-std', '--package', 'crudjt-core', '--no-fail-fast'],
  ...['--target', TARGET, '--target-dir', folder],
  ...['--lib', ...TESTS.flatMap((name) => ['--test', name])],
])
process.exitCode = status ?? 1
