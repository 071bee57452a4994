// Says how large the package is, how many packages an installation of it brings, and how large the
// binding built here is; fails if the first or the second is more than it may be:
// node scripts/package-size.mjs. The binding is still larger than its aim.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run } from './tools.mjs'

const LARGEST_PACKAGE = 350_000
const MOST_PACKAGES = 50
const AIM_OF_BINARY = 1_750_000

const folder = mkdtempSync(join(tmpdir(), 'crudjt-size-'))
try {
  const { filename, unpackedSize } = await pack()
  tell('the package, unpacked', unpackedSize, 'bytes', LARGEST_PACKAGE)
  tell('an installation', await countInstalled(join(folder, filename)), 'packages', MOST_PACKAGES)
} finally {
  rmSync(folder, { recursive: true })
}
for (const name of readdirSync(root).filter((name) => name.endsWith('.node'))) {
  console.log(`${name}: ${statSync(name).size} bytes, aim ${AIM_OF_BINARY}`)
}

function tell(what, amount, unit, most) {
  console.log(`${what}: ${amount} ${unit}, at most ${most}`)
  if (amount > most) process.exitCode = 1
}

async function pack() {
  const options = ['--json', '--ignore-scripts', '--silent', '--pack-destination', folder]
  const { text } = await run('npm', ['pack', ...options], { quiet: true })
  const [packed] = Object.values(JSON.parse(text.slice(text.search(/^[[{]/m))))
  return packed
}

/** The packages, with this one and with that of the binding, which publishing adds. */
async function countInstalled(tarball) {
  writeFileSync(join(folder, 'package.json'), '{}')
  const options = ['--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--silent']
  const { status } = await run('npm', ['install', '--prefix', folder, ...options, tarball])
  if (status !== 0) throw new Error('npm could not install the package')
  const lock = join(folder, 'node_modules/.package-lock.json')
  return Object.keys(JSON.parse(readFileSync(lock, 'utf8')).packages).length + 1
}
