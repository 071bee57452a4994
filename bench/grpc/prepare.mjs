/** Makes the peers ready: installs what is missing, and says what can't be had here. */
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PEERS = fileURLToPath(new URL('../peers/', import.meta.url))
const INSTALL_MS = 10 * 60_000

/** What is only there if its compiling went well. */
const COMPILED = {
  'crudjt-1': 'index.node',
  'better-sqlite3': 'build/Release/better_sqlite3.node',
}

/**
 * @param {boolean} whole whether peers are compiled and a server may be installed on this machine
 * @returns {Record<'older' | 'redis', boolean>} which peers are there
 */
export function prepare(whole) {
  if (!isCurrent()) installPackages(whole)
  if (whole) for (const name of Object.keys(COMPILED)) compile(name)
  if (!hasRedis() && whole) installRedis()
  const peers = { older: isInstalled('crudjt-1'), redis: isInstalled('ioredis') && hasRedis() }
  if (!peers.older) console.log('Left out: the older implementation (crudjt@1.0.1 needs cargo)')
  if (!peers.redis) console.log('Left out: Redis (needs ioredis, and redis-server from Debian)')
  return peers
}

/** Whether a package of the peers can be used. @param {string} name */
export const isInstalled = (name) =>
  existsSync(`${PEERS}node_modules/${name}/${COMPILED[name] ?? 'package.json'}`)

function isCurrent() {
  const installed = `${PEERS}node_modules/.package-lock.json`
  if (!existsSync(installed)) return false
  return statSync(installed).mtimeMs >= statSync(`${PEERS}package-lock.json`).mtimeMs
}

/** Where one can't be compiled, the others are still there. */
function installPackages(whole) {
  console.log('installing the peers')
  if (whole && attempt('npm', ['ci'])) return
  if (attempt('npm', ['ci', '--ignore-scripts'])) return
  throw new Error('the peers could not be installed: see above')
}

function compile(name) {
  if (isInstalled(name)) return
  console.log(`compiling ${name}`)
  attempt('npm', ['rebuild', name])
}

function installRedis() {
  if (process.getuid?.() !== 0) return
  console.log('installing redis-server')
  attempt('apt-get', ['install', '-y', 'redis-server'])
}

function hasRedis() {
  return attempt('redis-server', ['--version'])
}

/** @returns {boolean} whether it went well; what it said is shown if not */
function attempt(command, args) {
  try {
    const options = { cwd: PEERS, stdio: 'pipe', encoding: 'utf8', timeout: INSTALL_MS }
    execFileSync(command, args, options)
    return true
  } catch ({ code, stderr, message }) {
    if (code !== 'ENOENT') console.log(stderr || message)
    return false
  }
}
