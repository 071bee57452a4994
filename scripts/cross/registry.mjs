// A local npm registry for testing the published packages: verdaccio, which proxies all other packages to
// the registry that npm is configured with.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The folder of the tools, which are not installed with the project. */
export const tools = join(import.meta.dirname, 'registry')

const MAX_PINGS = 120

/** Installs the tools. `npm ci` would require the packages of all platforms in the lock file. */
export function installTools() {
  if (existsSync(join(tools, 'node_modules/.package-lock.json'))) return
  console.log('installing the registry and the bundlers from npm')
  execFileSync('npm', ['install', '--ignore-scripts', '--no-save'], {
    cwd: tools,
    stdio: 'inherit',
  })
}

/** Starts a registry that keeps its packages in a folder. */
export async function startRegistry(folder) {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  writeFileSync(join(folder, 'config.yaml'), configuration(folder))
  const verdaccio = join(tools, 'node_modules/verdaccio/bin/verdaccio')
  const args = [verdaccio, '--config', join(folder, 'config.yaml'), '--listen', `127.0.0.1:${port}`]
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  await waitForReply(child, url)
  writeFileSync(join(folder, 'npmrc'), `registry=${url}\n//127.0.0.1:${port}/:_authToken=nobody\n`)
  return { url, npmrc: join(folder, 'npmrc'), stop: () => child.kill() }
}

function configuration(folder) {
  const upstream = execFileSync('npm', ['config', 'get', 'registry']).toString().trim()
  return `storage: ${join(folder, 'storage')}
uplinks:
  npm: { url: ${upstream}, timeout: 60s, maxage: 60m }
packages:
  'crudjt': { access: $all, publish: $all }
  'crudjt-*': { access: $all, publish: $all }
  '**': { access: $all, proxy: npm }
log: { type: stdout, level: fatal }
`
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function waitForReply(child, url) {
  for (let tries = 0; tries < MAX_PINGS && child.exitCode === null; tries++) {
    const reply = await fetch(`${url}-/ping`).catch(() => undefined)
    if (reply?.ok) return
    await sleep(500)
  }
  child.kill()
  throw new Error('the registry did not start')
}
