/** The log of requests and their replies, one JSON object per line, kept outside the server. */
import { openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const pathIn = (folder) => join(folder, 'requests.jsonl')

export class RequestLog {
  #file

  constructor(folder) {
    this.#file = openSync(pathIn(folder), 'a', 0o600)
  }

  write(entry) {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`)
  }
}

/** @returns {object[]} the entries in the order they were written */
export function readRequestLog(folder) {
  const lines = readFileSync(pathIn(folder), 'utf8').split('\n')
  return lines.filter(Boolean).map((line) => JSON.parse(line))
}
