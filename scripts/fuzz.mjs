// Runs a fuzz target: node scripts/fuzz.mjs TARGET SECONDS [--keep] [--seed NUMBER] [--unsanitized], or
// `all` for each of them so long. With a seed and the same corpus it makes up the same inputs each
// time. What it finds on the way stays in target/fuzz-found; with --keep what of it is needed to reach
// as much of the engine goes into fuzz/corpus. All unsanitized takes one build instead of two. Needs
// the nightly toolchain and cargo-fuzz.

import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, run } from './tools.mjs'

const TARGETS = readdirSync(join(root, 'fuzz/fuzz_targets')).map((file) => file.slice(0, -3))
/** What one input may take: seconds, and megabytes. */
const [MOST_SECONDS, MOST_MEGABYTES] = [60, 2048]
/** How long one process runs: one that stands panics of redb keeps what it was lent, a gigabyte in so long. */
const TURN_SECONDS = 300
/** Targets that call nothing unsafe are many times faster without the address sanitizer. */
const UNSANITIZED = ['files', 'operations']

const { values, positionals } = parseArgs({
  options: {
    keep: { type: 'boolean' },
    seed: { type: 'string', default: '0' },
    unsanitized: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const [target = '', seconds = '60'] = positionals
if (target !== 'all' && !TARGETS.includes(target)) {
  console.error(
    `usage: npm run fuzz -- ${[...TARGETS, 'all'].join('|')} SECONDS [--keep] [--seed NUMBER] [--unsanitized]`,
  )
  process.exit(64)
}
for (const each of target === 'all' ? TARGETS : [target]) {
  await fuzz(each)
  if (values.keep) await keep(each)
}

/** Fails the script if an input was found that the target does not stand. */
async function fuzz(name) {
  const seed = Number(values.seed)
  for (let turn = 0; turn * TURN_SECONDS < Number(seconds); turn++) {
    const left = Number(seconds) - turn * TURN_SECONDS
    await fuzzTurn(name, Math.min(left, TURN_SECONDS), seed + turn)
  }
}

async function fuzzTurn(name, time, seed) {
  const found = join(root, 'target/fuzz-found', name)
  mkdirSync(found, { recursive: true })
  await cargoFuzz(
    name,
    [found, join('fuzz/corpus', name)],
    [
      `-max_total_time=${time}`,
      `-seed=${seed}`,
      `-timeout=${MOST_SECONDS}`,
      `-rss_limit_mb=${MOST_MEGABYTES}`,
      '-len_control=0',
      '-max_len=700',
      '-print_final_stats=1',
    ],
  )
}

/** Replaces the corpus by the smallest inputs that reach as much as all that there are. */
async function keep(name) {
  const corpus = join('fuzz/corpus', name)
  const fresh = join(root, `${corpus}.new`)
  mkdirSync(fresh, { recursive: true })
  await cargoFuzz(name, [fresh, corpus, join('target/fuzz-found', name)], ['-merge=1'])
  rmSync(join(root, corpus), { recursive: true })
  renameSync(fresh, join(root, corpus))
}

async function cargoFuzz(name, folders, options) {
  const isPlain = values.unsanitized || UNSANITIZED.includes(name)
  const sanitizer = isPlain ? 'none' : 'address'
  const build = ['-O', '-s', sanitizer, '--target-dir', `target/fuzz-${sanitizer}`]
  const args = ['run', 'nightly', 'cargo', 'fuzz', 'run', ...build, name, ...folders, '--']
  const { status } = await run('rustup', [...args, ...options])
  if (status !== 0) process.exit(1)
}
