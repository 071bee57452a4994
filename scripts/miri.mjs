// Runs the engine's own tests of what does no I/O and maps nothing under Miri, which finds undefined
// behaviour. Needs the nightly toolchain with the component `miri`.

import { run } from './tools.mjs'

/** Modules that call neither the system nor code in C. */
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
// Miri is a hundred times slower than the processor; proptest must not look for files of its own.
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
