/** `crudjt keygen`: generates a secret key. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { OptionKind } from '../../options/check-options.js'
import { CommandError, STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { parseOr } from '../settings/parse-value.js'
import { readSettings } from '../settings/settings.js'

const SETTINGS = {
  bytes: {
    option: 'bytes',
    placeholder: '32|48|64',
    help: 'Length of the key. Default: 32.',
  },
  out: {
    option: 'out',
    placeholder: 'FILE',
    help: 'New file to write it to, with mode 0600; an existing file is never overwritten. Default: standard output.',
  },
} as const

const LENGTH: OptionKind = {
  expected: '32, 48 or 64',
  isType: (value) => typeof value === 'number',
  isInRange: (value: number) => [32, 48, 64].includes(value),
}

/** Prints a secret key in Base64, or writes it to a new file. */
export const keygen: Command = {
  name: 'keygen',
  summary: 'Generate a secret key. Keep it: no token can be read without it.',
  notes: [],
  settings: SETTINGS,
  async run(sources) {
    const { bytes, out } = readSettings(SETTINGS, sources)
    const line = `${randomBytes(parseOr(bytes, LENGTH, 32)).toString('base64')}\n`
    if (out === undefined) process.stdout.write(line)
    else write(out.text, line)
    return 0
  },
}

function write(file: string, line: string): void {
  try {
    writeFileSync(file, line, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const reason = reasonOf(error as NodeJS.ErrnoException)
    throw new CommandError(STATUS.failed, `Cannot write ${file}: ${reason}`)
  }
  process.stdout.write(`Wrote a secret key to ${file}. Keep it, and keep it private.\n`)
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EEXIST':
      return 'it already exists, and a store that uses the key in it would be lost: give another name'
    case 'ENOENT':
      return 'its folder does not exist'
    case 'EACCES':
      return 'permission denied'
    default:
      return message
  }
}
