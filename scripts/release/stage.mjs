// Stages the packages for publication: `node scripts/release/stage.mjs BINARIES OUT`. Creates one folder
// per platform with a binary in BINARIES, and `crudjt`, which lists all platforms as optional
// dependencies. A missing binary is an error, unless `--partial` is given.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root, run } from '../tools.mjs'

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [binaries, out] = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
  await stage(resolve(binaries), resolve(out), process.argv.includes('--partial'))
}

/** Stages the packages in a folder; returns the names of the platform packages. */
export async function stage(binaries, out, isPartial = false) {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const available = readdirSync(binaries)
  const platforms = readdirSync(join(root, 'npm'))
  const missing = platforms.filter((platform) => !available.includes(binaryOf(platform)))
  if (missing.length > 0 && !isPartial) throw new Error(`no binary for ${missing.join(', ')}`)
  const staged = platforms.filter((platform) => !missing.includes(platform))
  for (const platform of staged) stagePlatform(platform, binaries, out)
  await stageLibrary(platforms, out)
  return staged.map((platform) => `crudjt-${platform}`)
}

function stagePlatform(platform, binaries, out) {
  const folder = join(out, `crudjt-${platform}`)
  cpSync(join(root, 'npm', platform), folder, { recursive: true })
  cpSync(join(binaries, binaryOf(platform)), join(folder, binaryOf(platform)))
  for (const name of ['LICENSE', 'THIRD-PARTY.txt']) cpSync(join(root, name), join(folder, name))
}

async function stageLibrary(platforms, out) {
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', out]
  const { status } = await run('npm', pack, { quiet: true })
  const [packed] = readdirSync(out).filter((name) => name.endsWith('.tgz'))
  if (status !== 0 || packed === undefined) throw new Error('npm pack failed')
  await run('tar', ['-xzf', join(out, packed), '-C', out], { quiet: true })
  cpSync(join(out, 'package'), join(out, 'crudjt'), { recursive: true })
  for (const name of ['package', packed]) rmSync(join(out, name), { recursive: true })
  writeManifest(join(out, 'crudjt/package.json'), platforms)
}

// npm would run the build scripts when it publishes from a folder.
function writeManifest(path, platforms) {
  const { scripts: _, devDependencies: __, overrides: ___, ...rest } = readJson(path)
  const optional = platforms.map((platform) => [`crudjt-${platform}`, rest.version])
  const manifest = { ...rest, optionalDependencies: Object.fromEntries(optional) }
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function binaryOf(platform) {
  return `crudjt.${platform}.node`
}
