/** What a package and all that it depends on take on the disk of whoever installs it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PEERS } from '../peers.mjs'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PEERS_ROOT = join(ROOT, 'bench/peers')

export const installed = {
  name: 'installed',
  mostRounds: 1, // the same every time
  trials: (peers) => [
    { key: 'packages', peer: 'ours', isMany: true, run: async () => sizesOf(peers) },
  ],
  tables: [
    {
      title: 'Installed, with dependencies',
      columns: [
        { measure: 'bytes', title: 'size', unit: 'MB', digits: 1, scale: 1e-6 },
        { measure: 'packages', title: 'packages', unit: '', digits: 0 },
      ],
    },
  ],
}

/** A row a package, not a peer: variants are one package. */
function sizesOf(peers) {
  const names = new Set(peers.flatMap((peer) => PEERS[peer].packages ?? []))
  const rows = [...names].map((name) => [name, sizeOf([name], PEERS_ROOT, 0)])
  return { ours: ownSize(), ...Object.fromEntries(rows) }
}

/** What `npm pack` would send, one binary, and the dependencies. */
function ownSize() {
  const options = { cwd: ROOT, encoding: 'utf8' }
  const command = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const [{ unpackedSize }] = JSON.parse(execFileSync('npm', command, options))
  const binary = readdirSync(ROOT).find((name) => name.endsWith('.node'))
  const { dependencies } = manifest(ROOT)
  const own = unpackedSize + statSync(join(ROOT, binary)).size
  return sizeOf(Object.keys(dependencies), ROOT, own)
}

function sizeOf(names, from, own) {
  const folders = new Set()
  for (const name of names) collect(name, from, folders)
  const bytes = [...folders].reduce((sum, folder) => sum + bytesIn(folder), own)
  return { bytes, packages: folders.size + (own > 0 ? 1 : 0) }
}

/** Adds the folder of a package and those of its dependencies, optional ones where they are there. */
function collect(name, from, folders) {
  const folder = find(name, from)
  if (folder === undefined || folders.has(folder)) return
  folders.add(folder)
  const { dependencies = {}, optionalDependencies = {} } = manifest(folder)
  const needed = Object.keys({ ...dependencies, ...optionalDependencies })
  for (const dependency of needed) collect(dependency, folder, folders)
}

const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** As Node looks for it. */
function find(name, from) {
  const folder = join(from, 'node_modules', name)
  if (existsSync(join(folder, 'package.json'))) return folder
  return dirname(from) === from ? undefined : find(name, dirname(from))
}

/** Without packages inside, which count for themselves, and what compiling leaves beside the binary. */
function bytesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    if (entry.isFile()) return sum + statSync(path).size
    if (
      !entry.isDirectory() ||
      ['node_modules', 'target', 'obj.target', 'obj', '.deps'].includes(entry.name)
    )
      return sum
    return sum + (basename(folder) === 'build' ? binariesIn(path) : bytesIn(path))
  }, 0)
}

const binariesIn = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.node') && !name.startsWith('test'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
