/**
 * Secrets come from a file or from the environment, never from an option: everybody on the machine can
 * see the options of a process.
 */
import { readFileSync } from 'node:fs'
import { optionKind } from '../../options/store-options.js'
import { CommandError, STATUS } from '../exit.js'
import { cureOfFile } from '../ownership.js'
import { type Given, isOption } from './settings.js'

/** A secret and where it was found. */
export interface Secret {
  /** The file or variable, for people. */
  readonly source: string
  readonly text: string
}

/**
 * The file named by an option comes first, then the variable that holds the secret itself, then the
 * file named by a variable.
 * @param value what the variable holds
 * @param file the path of the file
 * @throws Refusal if the file can't be read
 */
export function readSecret(value: Given | undefined, file: Given | undefined): Secret | undefined {
  if (file !== undefined && (value === undefined || isOption(file.source))) return readFile(file)
  return value
}

/** The secrets in a text: a text editor or `openssl` may have broken one into several lines. */
export function secretsIn({ text }: Secret): string[] {
  return text.split(',').map((part) => part.replaceAll(/\s+/g, ''))
}

/**
 * What clients have to show, if anything.
 * @throws Refusal if it is blank or can't be a key, or if its file can't be read
 */
export function readAccessKey(
  value: Given | undefined,
  file: Given | undefined,
): string | undefined {
  const secret = readSecret(value, file)
  if (secret === undefined) return undefined
  const { expected, isType } = optionKind('access_key')
  if (isType(secret.text)) return secret.text
  throw new CommandError(STATUS.config, `The access key in ${secret.source}: expected ${expected}`)
}

function readFile({ text: path }: Given): Secret {
  try {
    return { source: path, text: readFileSync(path, 'utf8').trim() }
  } catch (error) {
    throw new CommandError(STATUS.config, unreadable(path, error as NodeJS.ErrnoException))
  }
}

function unreadable(path: string, { code, message }: NodeJS.ErrnoException): string {
  const cure = cureOfFile(path)
  if (cure !== undefined) return `This user may not read ${path}: ${cure}`
  switch (code) {
    case 'ENOENT':
      return `There is no file ${path}: make it with npx crudjt keygen --out ${path}, and keep it`
    case 'EISDIR':
      return `${path} is a folder: give the path of the file that holds the secret`
    default:
      return `The file ${path} can't be read: ${message}`
  }
}
