// Says how large the package and the binding built here are, and fails if the package is larger than
// it may be: node scripts/package-size.mjs. The binding is still larger than its aim.

import { readdirSync, statSync } from 'node:fs'
import { root, run } from './tools.mjs'

const LARGEST_PACKAGE = 300_000
const AIM_OF_BINARY = 1_500_000

const pack = ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent']
const { text } = await run('npm', pack, { quiet: true })
const [packed] = Object.values(JSON.parse(text.slice(text.search(/^[[{]/m))))
console.log(`the package, unpacked: ${packed.unpackedSize} bytes, at most ${LARGEST_PACKAGE}`)
if (packed.unpackedSize > LARGEST_PACKAGE) process.exitCode = 1
for (const name of readdirSync(root).filter((name) => name.endsWith('.node'))) {
  console.log(`${name}: ${statSync(name).size} bytes, aim ${AIM_OF_BINARY}`)
}
