// Installs the package from the registry into an empty folder, for this platform or another.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { output } from './report.mjs'
import { addTests } from './suite/prepare.mjs'

const folders = mkdtempSync(join(tmpdir(), 'crudjt-cross-'))

/** The parent of all folders. */
export { folders }

/** A new folder with an empty manifest. */
export function emptyFolder(name) {
  const folder = join(folders, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  return folder
}

/** Installs the package with npm into a folder. */
export async function npmInstall(registry, folder, options = [], env = process.env) {
  const args = ['install', 'crudjt', '--userconfig', registry.npmrc, '--ignore-scripts', ...options]
  await output('npm', args, { cwd: folder, env: { ...env, ...userconfig(registry) } })
}

/** The variables take precedence over the user's configuration of npm. */
function userconfig({ url, npmrc }) {
  return { npm_config_registry: url, npm_config_userconfig: npmrc }
}

/** Installs the package for any platform and adds the tests; returns the folder. */
export async function installFor(registry, platform, options) {
  const folder = emptyFolder(platform)
  await npmInstall(registry, folder, ['--force', ...options])
  await addTests(folder)
  return folder
}
