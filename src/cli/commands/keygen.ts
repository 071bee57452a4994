/** `crudjt keygen`: generates a secret key. */
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { OptionKind } from '../../options/check-options.js'
import { CommandError, STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { print } from '../outcome.js'
import { parseOr, readSettings } from '../settings/settings.js'
import { OUTPUT } from '../settings/store-settings.js'

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
  ...OUTPUT,
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
    const { bytes: length, out, json } = readSettings(SETTINGS, sources)
    const bytes = parseOr(length, LENGTH, 32)
    const secret_key = randomBytes(bytes).toString('base64')
    if (out === undefined) {
      print(json, { secret_key, bytes }, [secret_key])
      return 0
    }
    write(out.text, `${secret_key}\n`)
    const text = `Wrote a secret key to ${out.text}. Keep it, and keep it private.`
    print(json, { path: resolve(out.text), bytes }, [text])
    return 0
  },
}

/** Flushes the file: a store that is on disk while its key is not would be lost with the power. */
function write(file: string, line: string): void {
  try {
    writeFileSync(file, line, { mode: 0o600, flag: 'wx', flush: true })
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    // What a full disk left of the key would else be taken for one.
    if (code === 'ENOSPC' || code === 'EDQUOT') rmSync(file, { force: true })
    throw new CommandError(STATUS.failed, `Cannot write ${file}: ${REASONS[code] ?? message}`)
  }
}

/** Why the file cannot be written, by error code. */
const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'it already exists, and a store that uses the key in it would be lost: give another name',
  ENOENT: 'its folder does not exist',
  EACCES: 'permission denied',
}
