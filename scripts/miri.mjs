// Runs the engine's unit tests without I/O and memory maps under Miri, which finds undefined behaviour.
// Requires the nightly toolchain with the component `miri`.

import { run } from './tools.mjs'

/** Modules without system calls and C code. */
const MODULES = [
  'bytes::',
  'cache::reader_index::',
  'crypto::token::',
  'record::',
  'msgpack::',
  'journal::entry::',
  'journal::header::',
  'tree::mark::',
]

const { status: missing } = await run('rustup', ['run', 'nightly', 'cargo', 'miri', '--version'], {
  quiet: true,
})
if (missing !== 0) {
  console.error('Miri is not installed: rustup component add --toolchain nightly miri')
  process.exit(69)
}
// Miri is about a hundred times slower than native code. Isolation would stop proptest from reading its regression files.
process.env.PROPTEST_CASES ??= '8'
process.env.MIRIFLAGS ??= '-Zmiri-disable-isolation'
const { status } = await run('rustup', [
  'run',
  'nightly',
  'cargo',
  'miri',
  'test',
  '-p',
  'crudjt-core',
  '--lib',
  '--',
  ...MODULES,
])
process.exitCode = status ?? 1
