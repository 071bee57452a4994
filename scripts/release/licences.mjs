// Writes THIRD-PARTY.txt, the licences of everything linked into the binary, which every platform package
// ships. With --check it only checks that the file in git is up to date.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../tools.mjs'

const OUTPUT = join(root, 'THIRD-PARTY.txt')
const ALLOWED = ['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC']
const LICENCE_FILE = /^(licen[cs]e|copying|notice|unlicense)/i
const RULE = '='.repeat(80)

const HEAD = `The binary of crudjt is linked with the crates below and with the standard library of Rust
(MIT OR Apache-2.0, Copyright (c) The Rust Project Contributors). Where a crate offers MIT among
others, MIT is what it is used under. Written by scripts/release/licences.mjs; do not edit.
`

const text = [HEAD, ...sections(linkedCrates())].join(`\n${RULE}\n`)
if (!process.argv.includes('--check')) {
  writeFileSync(OUTPUT, text)
} else if (readFileSync(OUTPUT, 'utf8') !== text) {
  console.error('THIRD-PARTY.txt does not match Cargo.lock: run npm run licences')
  process.exitCode = 1
}

/** The crates linked into the binding on any platform, without build dependencies. */
function linkedCrates() {
  const args = ['metadata', '--locked', '--format-version', '1']
  const found = execFileSync('cargo', args, { cwd: root, maxBuffer: 1 << 28 })
  const { packages, resolve } = JSON.parse(found)
  const byId = new Map(packages.map((crate) => [crate.id, crate]))
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]))
  const linked = new Set([packages.find(({ name }) => name === 'crudjt-node').id])
  for (const id of linked) {
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      const isLinked = dep_kinds.some(({ kind }) => kind === null) && !isMacro(byId.get(pkg))
      if (isLinked && !isWebAssembly(dep_kinds)) linked.add(pkg)
    }
  }
  const crates = [...linked].map((id) => byId.get(id)).filter(({ source }) => source !== null)
  return crates.sort((one, other) => compare(nameOf(one), nameOf(other)))
}

function isMacro({ targets }) {
  return targets.some(({ kind }) => kind.includes('proc-macro'))
}

function isWebAssembly(kinds) {
  return kinds.every(({ target }) => /wasm|wasi|hermit|android/.test(target ?? ''))
}

/** One section per licence text, with the crates that use it. */
function sections(crates) {
  const byText = new Map()
  for (const crate of crates) {
    const licence = licenceOf(crate)
    byText.set(licence, [...(byText.get(licence) ?? []), `${nameOf(crate)} (${crate.license})`])
  }
  return [...byText].map(([licence, names]) => `${names.join('\n')}\n\n${licence}\n`)
}

function licenceOf(crate) {
  const offered = crate.license.split(/ OR |\//).map((name) => name.replace(/[()]/g, '').trim())
  const isAllowed = (name) => name.split(' AND ').every((part) => ALLOWED.includes(part))
  if (!offered.some(isAllowed))
    throw new Error(`${nameOf(crate)}: ${crate.license} is not an allowed licence`)
  const folder = dirname(crate.manifest_path)
  const files = readdirSync(folder)
    .filter((name) => LICENCE_FILE.test(name))
    .sort(compare)
  const chosen = offered.includes('MIT') ? files.filter((name) => /mit/i.test(name)) : files
  const texts = (chosen.length > 0 ? chosen : files).map((name) => textOf(join(folder, name)))
  return texts.length > 0 ? texts.join('\n\n') : `No file with it; by ${crate.authors.join(', ')}.`
}

function textOf(path) {
  return readFileSync(path, 'utf8').replaceAll('\r\n', '\n').trim()
}

function nameOf({ name, version }) {
  return `${name} ${version}`
}

function compare(one, other) {
  return one < other ? -1 : Number(one > other)
}
