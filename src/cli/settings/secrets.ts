/**
 * Reads secrets from files and environment variables. They are never options: every user of the
 * machine can list the arguments of a process.
 */
import { readFileSync } from 'node:fs'
import { optionKind } from '../../options/store-options.js'
import { CommandError, STATUS } from '../exit.js'
import { filePermissionHint } from './permissions.js'
import { isOption, type Value, type Values } from './settings.js'

/** Secret keys and where they come from. */
export interface SecretKeys {
  /** The file or variable, for messages. */
  readonly source: string
  /** Base64, newest first. */
  readonly keys: string[]
}

/**
 * The secret keys of a store. A text editor or `openssl` may have wrapped one over several lines.
 * @throws CommandError if the file cannot be read
 */
export function readSecretKeys(
  values: Values<'secret_key' | 'secret_file'>,
): SecretKeys | undefined {
  const secret = readSecret(values.secret_key, values.secret_file)
  if (secret === undefined) return undefined
  const keys = secret.text.split(',').map((part) => part.replaceAll(/\s+/g, ''))
  return { source: secret.source, keys }
}

/**
 * The access key of a server.
 * @throws CommandError if it is blank or malformed, or if its file cannot be read
 */
export function readAccessKey(
  values: Values<'access_key' | 'access_key_file'>,
): string | undefined {
  const secret = readSecret(values.access_key, values.access_key_file)
  if (secret === undefined) return undefined
  const { expected, isType } = optionKind('access_key')
  if (isType(secret.text)) return secret.text
  throw new CommandError(
    STATUS.config,
    `Invalid access key in ${secret.source}: expected ${expected}`,
  )
}

/** The order of precedence: the file of an option, the variable with the secret, the variable's file. */
function readSecret(value: Value | undefined, file: Value | undefined): Value | undefined {
  if (file !== undefined && (value === undefined || isOption(file))) return readFile(file)
  return value
}

function readFile({ text: path }: Value): Value {
  try {
    return { source: path, text: readFileSync(path, 'utf8').trim() }
  } catch (error) {
    throw new CommandError(STATUS.config, readError(path, error as NodeJS.ErrnoException))
  }
}

function readError(path: string, { code, message }: NodeJS.ErrnoException): string {
  const hint = filePermissionHint(path)
  if (hint !== undefined) return `Permission denied for ${path}: ${hint}`
  switch (code) {
    case 'ENOENT':
      return `There is no file ${path}: generate it with npx crudjt keygen --out ${path}, and keep it`
    case 'EISDIR':
      return `${path} is a folder: give the path of the file that holds the secret`
    default:
      return `Cannot read ${path}: ${message}`
  }
}
