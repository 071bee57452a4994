// Copies the type declarations that the package publishes: those reachable from its entry points.

import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const ENTRIES = ['index.d.ts', 'index.d.mts']
const REFERENCE = /(?:from|import|require)\s*\(?\s*['"](\.[^'"]+)['"]/g

/** Copies the declarations reachable from the entry points of a folder. */
export function copyTypes(from, to) {
  for (const path of reachable(ENTRIES.map((name) => join(from, name)))) {
    const copy = join(to, relative(from, path))
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(path, copy)
  }
}

function reachable(entries) {
  const found = new Set(entries)
  for (const path of found) {
    const text = readFileSync(path, 'utf8')
    if (text.includes('#native')) throw new Error(`${path} publishes types of the binding`)
    for (const [, reference] of text.matchAll(REFERENCE)) {
      const declaration = declarationOf(resolve(dirname(path), reference))
      if (declaration !== undefined) found.add(declaration)
    }
  }
  return found
}

/** The declaration file of a module. */
function declarationOf(module) {
  const path = module.replace(/\.(m?)js$/, '.d.$1ts')
  return path !== module && existsSync(path) ? path : undefined
}
