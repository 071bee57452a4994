// Nodes of other versions and systems, from their npm packages, and the wrappers that run them here.

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { work } from './toolchain.mjs'

const folder = join(work, 'nodes')
/** The newest version of each in the registry. */
const VERSIONS = {
  'linux-x64': { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' },
  'linux-arm64': { 20: '20.20.2' },
  'win-x64': { 20: '20.20.2' },
}

/** The path of Node for a system and a major version. */
export function nodeOf(system, major) {
  const version = VERSIONS[system][major]
  const target = join(folder, `node-${system}-${version}`)
  if (!existsSync(target)) download(`node-${system}@${version}`, target)
  return join(target, 'bin', system.startsWith('win') ? 'node.exe' : 'node')
}

function download(name, target) {
  mkdirSync(target, { recursive: true })
  const pack = ['pack', '--silent', '--pack-destination', folder, name]
  const packed = execFileSync('npm', pack, { stdio: ['ignore', 'pipe', 'inherit'] })
  const file = join(folder, packed.toString().trim())
  execFileSync('tar', ['-xzf', file, '-C', target, '--strip-components=1'])
}

/** Creates a wrapper that runs a command line with further arguments; returns its path. */
export function wrapperOf(name, command) {
  const path = join(folder, name)
  const quoted = command.map((word) => `'${word}'`).join(' ')
  writeFileSync(path, `#!/bin/sh\nexec ${quoted} "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

/** A preload that makes Node start its children through a wrapper, as under an emulator. */
export function preloadOf(program) {
  const path = `${program}.cjs`
  writeFileSync(path, `process.execPath = process.argv0 = ${JSON.stringify(program)}\n`)
  return path
}
