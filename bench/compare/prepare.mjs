/** Makes the peers ready, and says what can't be had here. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { prepare } from '../grpc/prepare.mjs'
import { PEERS } from './peers.mjs'

const MODULES = new URL('../peers/node_modules/', import.meta.url)
/** What is only there if its compiling went well. */
const COMPILED = {
  'crudjt-1': 'crudjt-1/index.node',
  'better-sqlite3': 'better-sqlite3/build/Release/better_sqlite3.node',
}

/** @returns {string[]} the peers that are there */
export function preparePeers(system) {
  const { redis } = prepare(system)
  compile('better-sqlite3')
  const isThere = ([id, { packages = [], server }]) => {
    const there = packages.every(isInstalled) && (!server || redis)
    if (!there && !server) console.log(`Left out: ${PEERS[id].name}`)
    return there
  }
  return Object.entries(PEERS)
    .filter(isThere)
    .map(([id]) => id)
}

const isInstalled = (name) => existsSync(new URL(COMPILED[name] ?? `${name}/package.json`, MODULES))

/** Where one package could not be compiled, all were installed without compiling. */
function compile(name) {
  if (isInstalled(name)) return
  console.log(`compiling ${name}`)
  try {
    execFileSync('npm', ['rebuild', name], { cwd: new URL('..', MODULES), stdio: 'pipe' })
  } catch ({ stderr, message }) {
    console.log(String(stderr || message))
  }
}
