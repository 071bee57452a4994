/** Makes the peers ready: installs what is missing, and says what can't be had here. */
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PEERS = fileURLToPath(new URL('../peers/', import.meta.url))
const OLDER = `${PEERS}node_modules/crudjt-1/index.node`
const IOREDIS = `${PEERS}node_modules/ioredis/package.json`
const INSTALL_MS = 10 * 60_000

/**
 * @param {boolean} system whether a server may be installed on this machine
 * @returns {Record<'older' | 'redis', boolean>} which peers are there
 */
export function prepare(system) {
  if (!isCurrent()) installPackages()
  if (!hasRedis() && system) installRedis()
  const peers = { older: existsSync(OLDER), redis: existsSync(IOREDIS) && hasRedis() }
  if (!peers.older) console.log('Left out: the older implementation (crudjt@1.0.1 needs cargo)')
  if (!peers.redis) console.log('Left out: Redis (needs ioredis, and redis-server from Debian)')
  return peers
}

function isCurrent() {
  const installed = `${PEERS}node_modules/.package-lock.json`
  if (!existsSync(installed)) return false
  return statSync(installed).mtimeMs >= statSync(`${PEERS}package-lock.json`).mtimeMs
}

/** Where the older one can't be compiled, the others are still there. */
function installPackages() {
  console.log('installing the peers')
  if (!attempt('npm', ['ci'])) attempt('npm', ['ci', '--ignore-scripts'])
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
