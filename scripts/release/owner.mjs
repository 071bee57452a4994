// Sets repository, homepage and bugs in every manifest: node scripts/release/owner.mjs OWNER[/NAME]
// NAME is the repository on GitHub; the default is crudjt.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../tools.mjs'

const [, owner, name = 'crudjt'] = /^([\w-]+)(?:\/([\w.-]+))?$/.exec(process.argv[2] ?? '') ?? []
if (owner === undefined) {
  console.error('Usage: node scripts/release/owner.mjs OWNER[/NAME]')
  process.exit(64)
}
const home = `https://github.com/${owner}/${name}`
set('package.json')
for (const platform of readdirSync(join(root, 'npm'))) {
  set(`npm/${platform}/package.json`, { directory: `npm/${platform}` })
}
console.log(`repository, homepage and bugs now link to ${home}`)

/** @param subfolder the `directory` of a package that is not in the root of the repository */
function set(path, subfolder) {
  const { homepage: _, repository: __, bugs: ___, ...rest } = read(path)
  const links = {
    homepage: `${home}#readme`,
    repository: { type: 'git', url: `git+${home}.git`, ...subfolder },
    bugs: { url: `${home}/issues` },
  }
  const entries = Object.entries(rest)
  const at = entries.findIndex(([key]) => key === 'license')
  const ordered = [...entries.slice(0, at), ...Object.entries(links), ...entries.slice(at)]
  writeFileSync(join(root, path), `${JSON.stringify(Object.fromEntries(ordered), null, 2)}\n`)
}

function read(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}
