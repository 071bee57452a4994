// Leaves out of the package the declarations that a user's compiler never reads: those that neither
// index leads to. The tests of the parts inside still have them.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const ENTRIES = ['index.d.ts', 'index.d.mts']
const REFERENCE = /(?:from|import|require)\s*\(?\s*['"](\.[^'"]+)['"]/g

/** Has npm leave out of a folder the declarations that its entries don't lead to. */
export function leaveOutTypes(folder) {
  const wanted = reached(ENTRIES.map((name) => join(folder, name)))
  const names = readdirSync(folder, { recursive: true }).filter((name) => /\.d\.m?ts$/.test(name))
  const rest = names.filter((name) => !wanted.has(join(folder, name)))
  const lines = rest.map((name) => `/${name.replaceAll('\\', '/')}\n`)
  writeFileSync(join(folder, '.npmignore'), lines.join(''))
}

function reached(entries) {
  const wanted = new Set(entries)
  for (const path of wanted) {
    for (const [, reference] of readFileSync(path, 'utf8').matchAll(REFERENCE)) {
      const found = declarationOf(resolve(dirname(path), reference))
      if (found !== undefined) wanted.add(found)
    }
  }
  return wanted
}

/** The file that holds the types of a module, of those in dist. */
function declarationOf(module) {
  const path = module.replace(/\.(m?)js$/, '.d.$1ts')
  return path !== module && existsSync(path) ? path : undefined
}
