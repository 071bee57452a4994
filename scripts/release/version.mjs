// Sets the version in every manifest: `npm run release:version -- 2.0.1`. With --check it only reports
// differences. The loader reads the version from package.json. CHANGELOG.md must have an entry.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../tools.mjs'

const MANIFESTS = ['package.json', ...readdirSync(join(root, 'npm')).map(manifestOf)]
const JSON_VERSION = /^( {2}"version": ")([^"]+)/m
/** Every occurrence of the version. */
const OCCURRENCES = [
  ...MANIFESTS.map((path) => ({ path, pattern: JSON_VERSION })),
  { path: 'package-lock.json', pattern: JSON_VERSION },
  { path: 'package-lock.json', pattern: /^( {6}"name": "crudjt",\n {6}"version": ")([^"]+)/m },
  { path: 'Cargo.toml', pattern: /^(\[workspace\.package\]\nversion = ")([^"]+)/m },
  { path: 'Cargo.lock', pattern: /^(name = "crudjt-core"\nversion = ")([^"]+)/m },
  { path: 'Cargo.lock', pattern: /^(name = "crudjt-session"\nversion = ")([^"]+)/m },
  { path: 'Cargo.lock', pattern: /^(name = "crudjt-node"\nversion = ")([^"]+)/m },
]

const isCheck = process.argv.includes('--check')
const [version = versionOf(OCCURRENCES[0])] = process.argv
  .slice(2)
  .filter((word) => word !== '--check')
if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
  stop(`${version} is not a version: give one such as 2.0.1`)
if (!isCheck) for (const occurrence of OCCURRENCES) write(occurrence)
const wrong = OCCURRENCES.filter((occurrence) => versionOf(occurrence) !== version)
for (const occurrence of wrong) {
  console.error(`${occurrence.path} has ${versionOf(occurrence)}, not ${version}`)
}
const hasEntry = read('CHANGELOG.md')
  .split('\n')
  .some((line) => line.startsWith(`## ${version} `))
if (!hasEntry) console.error(`CHANGELOG.md has no entry "## ${version} – DATE"`)
process.exitCode = wrong.length > 0 || !hasEntry ? 1 : 0

function manifestOf(platform) {
  return `npm/${platform}/package.json`
}

function read(path) {
  return readFileSync(join(root, path), 'utf8')
}

function versionOf({ path, pattern }) {
  return pattern.exec(read(path))?.[2]
}

function write({ path, pattern }) {
  const changed = read(path).replace(pattern, (_, before) => `${before}${version}`)
  writeFileSync(join(root, path), changed)
}

function stop(line) {
  console.error(line)
  process.exit(1)
}
