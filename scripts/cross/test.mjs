// Tests the packages as users get them: `npm run cross:test`, or `-- PART…` for some parts. The binaries
// come from target/cross/binaries (`npm run cross`); a part fails if its platform has no binary.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stage } from '../release/stage.mjs'
import { root } from '../tools.mjs'
import { folders } from './install.mjs'
import { arm64 } from './parts/arm64.mjs'
import { environments } from './parts/environments.mjs'
import { inspected } from './parts/inspected.mjs'
import { linux } from './parts/linux.mjs'
import { musl } from './parts/musl.mjs'
import { windows } from './parts/windows.mjs'
import { installTools, startRegistry } from './registry.mjs'
import { attempt, output, summarize } from './report.mjs'
import { binaries } from './toolchain.mjs'

const PARTS = { inspected, linux, environments, musl, arm64, windows }

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const isBrief = process.argv.includes('--brief')
const unknown = named.filter((name) => PARTS[name] === undefined)
if (unknown.length > 0) {
  console.error(`Unknown part ${unknown.join(', ')}: expected ${Object.keys(PARTS).join(', ')}`)
  process.exit(1)
}

installTools()
mkdirSync(binaries, { recursive: true })
const temporary = mkdtempSync(join(tmpdir(), 'crudjt-registry-'))
const registry = await startRegistry(temporary)
try {
  await attempt('publishing all packages', () => publish(join(temporary, 'packages')))
  for (const name of named.length > 0 ? named : Object.keys(PARTS)) {
    console.log(`== ${name}`)
    await PARTS[name](registry, isBrief)
  }
} finally {
  registry.stop()
  for (const folder of [temporary, folders]) rmSync(folder, { recursive: true, force: true })
}
summarize()

async function publish(packages) {
  const all = join(temporary, 'binaries')
  // A binary of `npm run cross` takes precedence over the binding built in this folder.
  for (const folder of [root, binaries]) {
    const found = readdirSync(folder).filter((name) => name.endsWith('.node'))
    for (const name of found) cpSync(join(folder, name), join(all, name))
  }
  await stage(all, packages, true)
  const script = join(root, 'scripts/release/publish.mjs')
  const options = ['--userconfig', registry.npmrc, '--registry', registry.url]
  await output(process.execPath, [script, packages, ...options])
}
