// Publishes what stage.mjs laid out: `node scripts/release/publish.mjs OUT [npm's options]`. The
// library goes last, so that whoever installs it finds its binaries. What is there already in this
// version is left out, so a publication that broke off can be repeated.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const LIBRARY = 'crudjt'
const [out, ...options] = process.argv.slice(2)
const platforms = readdirSync(resolve(out)).filter((name) => name !== LIBRARY)
for (const name of [...platforms, LIBRARY]) publish(join(resolve(out), name))

function publish(folder) {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (isThere(`${name}@${version}`)) return console.log(`${name}@${version} is there already`)
  npm(['publish', '--access', 'public', ...options], folder)
  console.log(`${name}@${version} published`)
}

function isThere(wanted) {
  try {
    return (
      npm(['view', wanted, 'version', ...options])
        .toString()
        .trim() !== ''
    )
  } catch {
    return false
  }
}

function npm(args, cwd = '.') {
  return execFileSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
}
