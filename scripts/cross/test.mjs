// Tries the packages out as users get them: `npm run cross:test`, or with names of parts behind `--`
// only those. What is built already lies in target/cross/binaries (`npm run cross`); a part whose
// platform has no binary fails.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stage } from '../release/stage.mjs'
import { root } from '../tools.mjs'
import { folders } from './install.mjs'
import { arm64 } from './parts/arm64.mjs'
import { homes } from './parts/homes.mjs'
import { inspected } from './parts/inspected.mjs'
import { linux } from './parts/linux.mjs'
import { musl } from './parts/musl.mjs'
import { windows } from './parts/windows.mjs'
import { needTools, startRegistry } from './registry.mjs'
import { attempt, output, sum } from './report.mjs'
import { binaries } from './toolchain.mjs'

const PARTS = { inspected, linux, homes, musl, arm64, windows }

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const isBrief = process.argv.includes('--brief')
const unknown = named.filter((name) => PARTS[name] === undefined)
if (unknown.length > 0) {
  console.error(`There is no part ${unknown}. There are: ${Object.keys(PARTS).join(', ')}.`)
  process.exit(1)
}

needTools()
mkdirSync(binaries, { recursive: true })
const kept = mkdtempSync(join(tmpdir(), 'crudjt-registry-'))
const registry = await startRegistry(kept)
try {
  await attempt('all packages are published', () => publish(join(kept, 'packages')))
  for (const name of named.length > 0 ? named : Object.keys(PARTS)) {
    console.log(`== ${name}`)
    await PARTS[name](registry, isBrief)
  }
} finally {
  registry.stop()
  for (const folder of [kept, folders]) rmSync(folder, { recursive: true, force: true })
}
sum()

async function publish(packages) {
  const all = join(kept, 'binaries')
  // A binding that was built here stands in for one of `npm run cross`, which takes precedence.
  for (const folder of [root, binaries]) {
    const found = readdirSync(folder).filter((name) => name.endsWith('.node'))
    for (const name of found) cpSync(join(folder, name), join(all, name))
  }
  await stage(all, packages, true)
  const script = join(root, 'scripts/release/publish.mjs')
  const options = ['--userconfig', registry.npmrc, '--registry', registry.url]
  await output(process.execPath, [script, packages, ...options])
}
