// Prepares a folder where the project's tests run against the installed package with any Node and without
// a compiler: the tests compiled to JavaScript, and the substitute for ava.

import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
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
  addAvaSubstitute(folder)
  addInternals(folder)
}

/** Lets tests import internals as in the project. Copied, since wine does not follow links. */
function addInternals(folder) {
  cpSync(join(root, 'build'), join(folder, 'build'), { recursive: true })
  cpSync(join(folder, 'node_modules/crudjt/proto'), join(folder, 'proto'), { recursive: true })
  for (const name of ['fast-check', 'pure-rand']) {
    cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), {
      recursive: true,
    })
  }
  // The behaviour suite tries what the guide says.
  cpSync(join(root, 'docs/guide'), join(folder, 'docs/guide'), { recursive: true })
  const native = "module.exports = require('./node_modules/crudjt/native.cjs')\n"
  writeFileSync(join(folder, 'native.cjs'), native)
  const manifest = {
    private: true,
    imports: { '#native': './native.cjs', '#proto/*': './proto/*' },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
}

function addAvaSubstitute(folder) {
  const ava = join(folder, 'node_modules/ava')
  mkdirSync(ava, { recursive: true })
  cpSync(join(import.meta.dirname, 'ava.cjs'), join(ava, 'index.cjs'))
  writeFileSync(join(ava, 'package.json'), '{"name":"ava","main":"index.cjs"}\n')
}
