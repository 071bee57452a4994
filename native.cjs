// Loads the binding: the file beside this one where the package was built here, else the package
// that npm installed for this platform. Throws one error that says what to do.

const { closeSync, openSync, readSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { name, version } = require('./package.json')

// Where the name of a program's interpreter stands, for a program linked as Node is.
const PROGRAM_HEAD = 4096

const PLATFORMS = [
  ...['darwin-arm64', 'darwin-x64'],
  ...['linux-arm64-gnu', 'linux-arm64-musl', 'linux-x64-gnu', 'linux-x64-musl'],
  ...['win32-arm64-msvc', 'win32-x64-msvc'],
]

module.exports = load()

function load() {
  const platform = platformHere()
  const built = resolveBuilt(platform)
  if (built !== undefined) return required(built, platform)
  const wanted = `${name}-${platform}`
  if (!PLATFORMS.includes(platform)) throw failure(`${name} has no binary for ${platform}.`)
  const installed = resolveInstalled(platform)
  if (installed === undefined) throw failure(missing(wanted, platform))
  const found = require(join(dirname(installed), 'package.json')).version
  if (found !== version) throw failure(mismatch(wanted, found))
  return required(installed, platform)
}

// File tracers such as Next's find the binaries by literal names. Bundlers accept that some are
// missing, since they are in a `try`, and read none, since they are only resolved.

function resolveBuilt(platform) {
  try {
    switch (platform) {
      case 'darwin-arm64':
        return require.resolve('./crudjt.darwin-arm64.node')
      case 'darwin-x64':
        return require.resolve('./crudjt.darwin-x64.node')
      case 'linux-arm64-gnu':
        return require.resolve('./crudjt.linux-arm64-gnu.node')
      case 'linux-arm64-musl':
        return require.resolve('./crudjt.linux-arm64-musl.node')
      case 'linux-x64-gnu':
        return require.resolve('./crudjt.linux-x64-gnu.node')
      case 'linux-x64-musl':
        return require.resolve('./crudjt.linux-x64-musl.node')
      case 'win32-arm64-msvc':
        return require.resolve('./crudjt.win32-arm64-msvc.node')
      case 'win32-x64-msvc':
        return require.resolve('./crudjt.win32-x64-msvc.node')
    }
  } catch {
    // This package was not built here.
  }
}

function resolveInstalled(platform) {
  try {
    switch (platform) {
      case 'darwin-arm64':
        return require.resolve('crudjt-darwin-arm64')
      case 'darwin-x64':
        return require.resolve('crudjt-darwin-x64')
      case 'linux-arm64-gnu':
        return require.resolve('crudjt-linux-arm64-gnu')
      case 'linux-arm64-musl':
        return require.resolve('crudjt-linux-arm64-musl')
      case 'linux-x64-gnu':
        return require.resolve('crudjt-linux-x64-gnu')
      case 'linux-x64-musl':
        return require.resolve('crudjt-linux-x64-musl')
      case 'win32-arm64-msvc':
        return require.resolve('crudjt-win32-arm64-msvc')
      case 'win32-x64-msvc':
        return require.resolve('crudjt-win32-x64-msvc')
    }
  } catch {
    // npm left it out.
  }
}

function required(path, platform) {
  try {
    return require(path)
  } catch (cause) {
    throw failure(`The binary of ${name} for ${platform} can't be loaded: ${cause.message}.`, cause)
  }
}

function missing(wanted, platform) {
  return (
    `The binary of ${name} for ${platform} is not installed: run "npm install ${wanted}@${version}". ` +
    'npm leaves it out with --omit=optional, and where the lock file or node_modules come from ' +
    'another platform (npm/cli#4828): then remove both and install again. A bundler leaves it out ' +
    `as well: keep ${name} out of the bundle, in Next.js by serverExternalPackages: ['${name}'].`
  )
}

function mismatch(wanted, found) {
  return (
    `${name} ${version} needs ${wanted} of the same version and found ${found}: ` +
    `run "npm install ${wanted}@${version}".`
  )
}

function failure(what, cause) {
  const known = PLATFORMS.map((platform) => `${name}-${platform}`).join(', ')
  const error = new Error(`${what} The binaries there are: ${known}.`, cause && { cause })
  return Object.assign(error, { code: 'ERR_CRUDJT_PLATFORM' })
}

function platformHere() {
  const { platform, arch } = process
  if (platform === 'linux') return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`
}

// A report of the process tells it as well, but takes twenty milliseconds.
function isMusl() {
  const interpreter = /\/ld-(musl|linux)-?[^\0]*\.so/.exec(headOf(process.execPath))
  if (interpreter !== null) return interpreter[1] === 'musl'
  return process.report.getReport().header.glibcVersionRuntime === undefined
}

function headOf(path) {
  const head = Buffer.alloc(PROGRAM_HEAD)
  try {
    const file = openSync(path)
    readSync(file, head)
    closeSync(file)
  } catch {
    // Some permissions leave no way to read the program that runs.
  }
  return head.latin1Slice()
}
