// Lays out a folder in which the project's tests run against the installed package, by any Node and
// without a compiler: the tests as plain JavaScript, and what stands in for ava.

import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from '../../tools.mjs'

const TESTS = join(root, '__test__')

/** Adds the tests to a folder in which the package is installed. */
export async function addTests(folder) {
  const files = readdirSync(TESTS, { recursive: true }).map(String)
  const typed = files.filter((name) => name.endsWith('.ts') && !name.endsWith('-d.ts'))
  await build({
    entryPoints: typed.map((name) => join(TESTS, name)),
    ...{ outdir: join(folder, '__test__'), outbase: TESTS, format: 'cjs', platform: 'node' },
    ...{ target: 'node20.17', logLevel: 'warning' },
  })
  for (const name of files.filter((name) => /\.[cm]js$/.test(name))) {
    cpSync(join(TESTS, name), join(folder, '__test__', name))
  }
  standInForAva(folder)
  for (const part of ['dist', 'proto']) {
    symlinkSync(join('node_modules/crudjt', part), join(folder, part), 'junction')
  }
}

function standInForAva(folder) {
  const ava = join(folder, 'node_modules/ava')
  mkdirSync(ava, { recursive: true })
  cpSync(join(import.meta.dirname, 'ava.cjs'), join(ava, 'index.cjs'))
  writeFileSync(join(ava, 'package.json'), '{"name":"ava","main":"index.cjs"}\n')
}
