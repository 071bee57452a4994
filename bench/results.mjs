/** Keeps the results of a run in bench/results, dated, with the machine they were taken on. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform, release, tmpdir, totalmem } from 'node:os'
import { isDeepStrictEqual } from 'node:util'

const FOLDER = new URL('results/', import.meta.url)

/**
 * @param {object} results
 * @param {string} prefix of the file's name, for benches other than the main one
 * @returns {string} the file's path from the project's root
 */
export function save(results, prefix = '') {
  mkdirSync(FOLDER, { recursive: true })
  const text = JSON.stringify({ date: today(), machine: machine(), ...results }, rounded, 2)
  writeFileSync(new URL(nameOf(prefix), FOLDER), `${text}\n`)
  return `bench/results/${nameOf(prefix)}`
}

/** The newest that is kept under that prefix; undefined if it was taken on another machine. */
export function latest(prefix) {
  const isOne = (name) => name.startsWith(prefix) && /^\d{4}-/.test(name.slice(prefix.length))
  const name = existsSync(FOLDER) ? readdirSync(FOLDER).filter(isOne).sort().at(-1) : undefined
  if (name === undefined) return undefined
  const kept = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))
  return isDeepStrictEqual(kept.machine, machine()) ? kept : undefined
}

/** The day, as results are named by it. */
export const today = () => new Date().toISOString().slice(0, 10)
const nameOf = (prefix) => `${prefix}${today()}.json`

const machine = () => ({
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  system: `${platform()} ${arch()} ${release()}`,
  distribution: distribution(),
  disk: disk(),
  node: process.version,
})

function distribution() {
  const file = '/etc/os-release'
  if (!existsSync(file)) return undefined
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync(file, 'utf8'))?.[1]
}

/** What the stores of the bench lie on, where `df` can tell. */
function disk() {
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
    const lines = execFileSync('df', ['--output=fstype,source', tmpdir()], options).split('\n')
    return lines[1].replace(/\s+/g, ' ')
  } catch {
    return undefined
  }
}

const rounded = (_key, value) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
