/** The loader of the binding, where there is no binary for it: one error that says what to do. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { inFolder } from '../helpers/folder.js'

interface Manifest {
  name: string
  version: string
}

const { name, version } = manifest('package.json')
const PLATFORMS = readdirSync('npm')
const HERE = process.platform === 'linux' && process.arch === 'x64' ? test : test.skip

function manifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** What loading the binding says in a folder with no more than a loader, on some platform. */
function load(folder: string, platform: string, arch: string): { code: string; message: string } {
  for (const file of ['native.cjs', 'package.json']) copyFileSync(file, join(folder, file))
  const script = `
    Object.defineProperties(process, { platform: { value: '${platform}' }, arch: { value: '${arch}' } })
    try {
      require('./native.cjs')
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }))
    }`
  return JSON.parse(execFileSync(process.execPath, ['-e', script], { cwd: folder }).toString())
}

/** Puts a package of a platform beside the loader, as npm does. */
function install(folder: string, platform: string, found: string): void {
  const place = join(folder, 'node_modules', `${name}-${platform}`)
  mkdirSync(place, { recursive: true })
  const main = `${name}.${platform}.node`
  writeFileSync(join(place, 'package.json'), JSON.stringify({ version: found, main }))
  writeFileSync(join(place, main), 'not a library')
}

test('on a platform without a binary, the error lists those that have one', async (t) => {
  await inFolder(async (folder) => {
    const { code, message } = load(folder, 'freebsd', 'x64')
    t.is(code, 'ERR_CRUDJT_PLATFORM')
    t.regex(message, /^crudjt has no binary for freebsd-x64\./)
    for (const platform of PLATFORMS) t.true(message.includes(`${name}-${platform}`), platform)
  })
})

test('a binary that npm left out is named with the command that installs it', async (t) => {
  await inFolder(async (folder) => {
    for (const platform of PLATFORMS.filter((platform) => !platform.startsWith('linux'))) {
      const [system = '', arch = ''] = platform.split('-')
      const { code, message } = load(folder, system, arch)
      t.is(code, 'ERR_CRUDJT_PLATFORM')
      t.true(message.includes(`npm install ${name}-${platform}@${version}`), message)
      t.true(message.includes('npm/cli#4828'), message)
    }
  })
})

HERE('a binary of another version is named, with both versions', async (t) => {
  await inFolder(async (folder) => {
    for (const libc of ['gnu', 'musl']) install(folder, `linux-x64-${libc}`, '1.9.9')
    const { code, message } = load(folder, 'linux', 'x64')
    t.is(code, 'ERR_CRUDJT_PLATFORM')
    t.regex(message, new RegExp(`crudjt ${version} needs crudjt-linux-x64-\\w+ .* found 1\\.9\\.9`))
  })
})

HERE('a binary that cannot be loaded is reported with the reason', async (t) => {
  await inFolder(async (folder) => {
    for (const libc of ['gnu', 'musl']) install(folder, `linux-x64-${libc}`, version)
    const { code, message } = load(folder, 'linux', 'x64')
    t.is(code, 'ERR_CRUDJT_PLATFORM')
    t.regex(message, /can't be loaded: .*crudjt\.linux-x64-\w+\.node/)
  })
})

test('each platform has a package of the same version as the library', (t) => {
  t.is(PLATFORMS.length, 8)
  for (const platform of PLATFORMS) {
    const found = manifest(join('npm', platform, 'package.json'))
    t.like(found, { name: `${name}-${platform}`, version })
  }
})
