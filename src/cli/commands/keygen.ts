/** `crudjt keygen`: makes a secret for a store. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { OptionKind } from '../../options/check-options.js'
import type { Command } from '../command.js'
import { CommandError, STATUS } from '../exit.js'
import { type Given, parseValue, readSettings } from '../settings/settings.js'

const SETTINGS = {
  bytes: {
    option: 'bytes',
    takes: '32|48|64',
    help: 'How long the secret is. Default: 32.',
  },
  out: {
    option: 'out',
    takes: 'FILE',
    help: 'Where to write it, for its owner only; a file that is there stays. Default: standard output.',
  },
} as const

const LENGTH: OptionKind = {
  expected: '32, 48 or 64',
  isType: (value) => typeof value === 'number',
  isInRange: (value: number) => [32, 48, 64].includes(value),
}

/** Prints a secret in Base64, or writes it to a new file. */
export const keygen: Command = {
  name: 'keygen',
  summary: 'Makes a secret key. Keep it: no token opens without it.',
  notes: [],
  settings: SETTINGS,
  async run(sources) {
    const { bytes, out } = readSettings(SETTINGS, sources)
    const length = bytes === undefined ? 32 : Number(parseValue(bytes, LENGTH))
    const line = `${randomBytes(length).toString('base64')}\n`
    if (out === undefined) process.stdout.write(line)
    else write(out, line)
    return 0
  },
}

function write({ text: file }: Given, line: string): void {
  try {
    writeFileSync(file, line, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new CommandError(STATUS.failed, `${file} was not written: ${reasonOf(error)}`)
  }
  process.stdout.write(`Wrote a secret key to ${file}: keep it, and let nobody else read it.\n`)
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EEXIST':
      return 'it is there already, and a store that was made with it would be lost; give another name'
    case 'ENOENT':
      return 'there is no such folder'
    case 'EACCES':
      return 'this user may not write there'
    default:
      return message
  }
}
