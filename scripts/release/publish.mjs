// Publishes the packages staged by stage.mjs: `node scripts/release/publish.mjs OUT [npm options]`. The
// library is published last, so that its binaries are available when it is. Versions that are already
// published are skipped, so an interrupted run can be repeated.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const LIBRARY = 'crudjt'
const [out, ...options] = process.argv.slice(2)
const platforms = readdirSync(resolve(out)).filter((name) => name !== LIBRARY)
for (const name of [...platforms, LIBRARY]) publish(join(resolve(out), name))

function publish(folder) {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (isPublished(`${name}@${version}`))
    return console.log(`${name}@${version} is already published`)
  npm(['publish', '--access', 'public', ...options], folder)
  console.log(`${name}@${version} published`)
}

function isPublished(spec) {
  try {
    return (
      npm(['view', spec, 'version', ...options])
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
