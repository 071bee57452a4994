/** The log of requests, one JSON line each, kept outside the service and written as each answer comes. */
import { openSync, readFileSync, writeSync } from 'node:fs'

export class Log {
  #file

  /** @param {string} path appended to */
  constructor(path) {
    this.#file = openSync(path, 'a', 0o600)
  }

  write(entry) {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`)
  }
}

/** @param {string} path @returns {object[]} the entries in the order they were written */
export function readLog(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
