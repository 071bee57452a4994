// Real Nodes of other versions and systems, from their packages on npm, and what runs them here.

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { work } from './toolchain.mjs'

const folder = join(work, 'nodes')
/** The newest that the registry has of each. */
const VERSIONS = {
  'linux-x64': { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' },
  'linux-arm64': { 20: '20.20.2' },
  'win-x64': { 20: '20.20.2' },
}

/** Path of Node's program for a system and a major version. */
export function nodeOf(system, major) {
  const version = VERSIONS[system][major]
  const place = join(folder, `node-${system}-${version}`)
  if (!existsSync(place)) download(`node-${system}@${version}`, place)
  return join(place, 'bin', system.startsWith('win') ? 'node.exe' : 'node')
}

function download(name, place) {
  mkdirSync(place, { recursive: true })
  const pack = ['pack', '--silent', '--pack-destination', folder, name]
  const packed = execFileSync('npm', pack, { stdio: ['ignore', 'pipe', 'inherit'] })
  const file = join(folder, packed.toString().trim())
  execFileSync('tar', ['-xzf', file, '-C', place, '--strip-components=1'])
}

/** Makes a program that runs another one behind some words; gives its path. */
export function programOf(name, words) {
  const path = join(folder, name)
  const quoted = words.map((word) => `'${word}'`).join(' ')
  writeFileSync(path, `#!/bin/sh\nexec ${quoted} "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

/** A file that has Node start itself by another program: for a child under an emulator. */
export function startedBy(program) {
  const path = `${program}.cjs`
  writeFileSync(path, `process.execPath = process.argv0 = ${JSON.stringify(program)}\n`)
  return path
}
