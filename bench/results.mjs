/** Keeps the results of a run in bench/results, dated, with the machine they were taken on. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform, release } from 'node:os'
import { fileURLToPath } from 'node:url'

/**
 * @param {object} results
 * @param {string} prefix of the file's name, for benches other than the main one
 * @returns {string} the file's path from the project's root
 */
export function save(results, prefix = '') {
  const date = new Date().toISOString().slice(0, 10)
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const text = JSON.stringify({ date, machine: machine(), ...results }, rounded, 2)
  writeFileSync(fileURLToPath(new URL(`${prefix}${date}.json`, folder)), `${text}\n`)
  return `bench/results/${prefix}${date}.json`
}

const machine = () => ({
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  system: `${platform()} ${arch()} ${release()}`,
  node: process.version,
})

const rounded = (_key, value) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
