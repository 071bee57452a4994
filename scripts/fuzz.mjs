// Runs a fuzz target, or `all` of them in turn:
//   node scripts/fuzz.mjs TARGET SECONDS [--keep] [--seed NUMBER] [--unsanitized]
// The same seed and corpus give the same inputs. New inputs are saved in target/fuzz-found; --keep merges
// them into fuzz/corpus, minimized. --unsanitized needs one build instead of two. Requires the nightly
// toolchain and cargo-fuzz.

import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, run } from './tools.mjs'

const TARGETS = readdirSync(join(root, 'fuzz/fuzz_targets')).map((file) => file.slice(0, -3))
/** The limits of one input. */
const [MAX_SECONDS, MAX_MEGABYTES] = [60, 2048]
/** How long one process runs: panics caught inside redb leak a gigabyte in this time. */
const ROUND_SECONDS = 300
/** Targets without unsafe code are many times faster without AddressSanitizer. */
const UNSANITIZED = ['files', 'operations', 'session']

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

/** Exits with status 1 if an input makes the target fail. */
async function fuzz(name) {
  const seed = Number(values.seed)
  for (let round = 0; round * ROUND_SECONDS < Number(seconds); round++) {
    const left = Number(seconds) - round * ROUND_SECONDS
    await fuzzRound(name, Math.min(left, ROUND_SECONDS), seed + round)
  }
}

async function fuzzRound(name, time, seed) {
  const found = join(root, 'target/fuzz-found', name)
  mkdirSync(found, { recursive: true })
  await cargoFuzz(
    name,
    [found, join('fuzz/corpus', name)],
    [
      `-max_total_time=${time}`,
      `-seed=${seed}`,
      `-timeout=${MAX_SECONDS}`,
      `-rss_limit_mb=${MAX_MEGABYTES}`,
      '-len_control=0',
      '-max_len=700',
      '-print_final_stats=1',
    ],
  )
}

/** Replaces the corpus by the smallest set of inputs with the same coverage. */
async function keep(name) {
  const corpus = join('fuzz/corpus', name)
  const fresh = join(root, `${corpus}.new`)
  mkdirSync(fresh, { recursive: true })
  await cargoFuzz(name, [fresh, corpus, join('target/fuzz-found', name)], ['-merge=1'])
  rmSync(join(root, corpus), { recursive: true })
  renameSync(fresh, join(root, corpus))
}

async function cargoFuzz(name, folders, options) {
  const isUnsanitized = values.unsanitized || UNSANITIZED.includes(name)
  const sanitizer = isUnsanitized ? 'none' : 'address'
  const build = ['-O', '-s', sanitizer, '--target-dir', `target/fuzz-${sanitizer}`]
  const args = ['run', 'nightly', 'cargo', 'fuzz', 'run', ...build, name, ...folders, '--']
  const { status } = await run('rustup', [...args, ...options])
  if (status !== 0) process.exit(1)
}
