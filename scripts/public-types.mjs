// Copies to the package the declarations that a user's compiler reads: those that either index leads to.

import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const ENTRIES = ['index.d.ts', 'index.d.mts']
const REFERENCE = /(?:from|import|require)\s*\(?\s*['"](\.[^'"]+)['"]/g

/** Copies from a folder what its entries lead to. */
export function copyTypes(from, to) {
  for (const path of reached(ENTRIES.map((name) => join(from, name)))) {
    const copy = join(to, relative(from, path))
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(path, copy)
  }
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

/** The file that holds the types of a module. */
function declarationOf(module) {
  const path = module.replace(/\.(m?)js$/, '.d.$1ts')
  return path !== module && existsSync(path) ? path : undefined
}
